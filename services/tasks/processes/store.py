"""The SQL of processes, their open tasks and their timers."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

import asyncpg

from libs.common.messaging.inbox import Transient
from libs.common.platform.db import Connection
from services.tasks.engine.state import Desk, State, Task, Timer
from services.tasks.processes.rows import (
    MOVED_PROCESS,
    NEW_PROCESS,
    NEW_TIMER,
    ProcessRow,
    TimerRow,
    moves,
    read_state,
    read_timer,
)
from services.tasks.tasks.store import MOVED_TASK, NEW_TASK, TaskRow, read_task

# Sorted, so that two batches never wait for each other; the lock of the process guards tasks and timers too.
LOCK = "SELECT * FROM process WHERE {column} = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE"
LOCK_BY_LEAD = LOCK.format(column="lead_id")
LOCK_BY_ID = LOCK.format(column="id")
OPEN_TASKS = "SELECT * FROM task WHERE process_id = ANY($1::uuid[]) AND state = 'active' ORDER BY opened_at, id"
TIMERS = "SELECT * FROM timer WHERE process_id = ANY($1::uuid[])"

INSERT_PROCESSES = NEW_PROCESS.insert()
UPDATE_PROCESSES = f"""
UPDATE process p SET status = n.status, stage = n.stage, owner_id = n.owner_id, owner_name = n.owner_name,
    opened = n.opened, breaches = n.breaches, attempts = n.attempts, messages = n.messages, facts = n.facts,
    person = n.person, ended_at = n.ended_at
FROM {MOVED_PROCESS.source()} WHERE p.id = n.id
"""  # noqa: S608 - columns of our own
INSERT_TASKS = NEW_TASK.insert()
# The fence of every claim: still open, still the version that was read, and nobody else's (docs/adr/0006).
UPDATE_TASKS = f"""
UPDATE task t SET version = n.version, state = n.state, offered_at = n.offered_at, waiting = n.waiting,
    operator_id = n.operator_id, decision_id = n.decision_id, assigned_at = n.assigned_at, taken_at = n.taken_at,
    overdue = n.overdue, outcome = n.outcome, comment = n.comment, call_made = n.call_made, problem = n.problem,
    callback_at = n.callback_at, closed_at = n.closed_at, closed_by = n.closed_by, closing_rule = n.closing_rule,
    successor_id = n.successor_id
FROM {MOVED_TASK.source()}
WHERE t.id = n.id AND t.state = 'active' AND t.version = n.seen
  AND (t.operator_id IS NULL OR t.operator_id IS NOT DISTINCT FROM n.operator_id)
"""  # noqa: S608 - columns of our own
INSERT_TIMERS = NEW_TIMER.insert()
DELETE_TIMERS = """
DELETE FROM timer t USING unnest($1::uuid[], $2::text[]) AS n(process_id, name)
WHERE t.process_id = n.process_id AND t.name = n.name
"""

Tasks = Mapping[UUID, Sequence[Task]]
Timers = Mapping[UUID, Sequence[Timer]]


class LostRaceError(Transient):
    """Somebody else changed a task meanwhile: nothing was written, the same call may succeed now."""


async def lock(conn: Connection, leads: Collection[UUID], ids: Collection[UUID]) -> list[asyncpg.Record]:
    """Lock processes in id order and return them."""
    found = await conn.fetch(LOCK_BY_LEAD, list(leads)) if leads else []
    return found + (await conn.fetch(LOCK_BY_ID, list(ids)) if ids else [])


async def parts(conn: Connection, ids: Sequence[UUID]) -> tuple[Tasks, Timers]:
    """Return open tasks and timers by process; read after the lock, so that nothing is stale."""
    tasks: dict[UUID, list[Task]] = defaultdict(list)
    timers: dict[UUID, list[Timer]] = defaultdict(list)
    if ids:
        for row in await conn.fetch(OPEN_TASKS, ids):
            tasks[row["process_id"]].append(read_task(row))
        for row in await conn.fetch(TIMERS, ids):
            timers[row["process_id"]].append(read_timer(row))
    return tasks, timers


def state_of(row: asyncpg.Record, desk: Desk, tasks: Tasks, timers: Timers) -> State:
    """Return a stored process."""
    return read_state(row, desk, tuple(tasks.get(row["id"], ())), tuple(timers.get(row["id"], ())))


async def write(conn: Connection, rows: Sequence[tuple[ProcessRow, State | None]]) -> None:
    """Write what changed between the stored states and these. Raises LostRaceError."""
    new = [row for row, stored in rows if stored is None]
    moved = [row for row, stored in rows if stored is not None and moves(row.state, stored)]
    if new:
        await conn.execute(INSERT_PROCESSES, *NEW_PROCESS.arrays(new))
    if moved:
        await conn.execute(UPDATE_PROCESSES, *MOVED_PROCESS.arrays(moved))
    await _write_tasks(conn, rows)
    await _write_timers(conn, rows)


async def _write_tasks(conn: Connection, rows: Sequence[tuple[ProcessRow, State | None]]) -> None:
    new: list[TaskRow] = []
    moved: list[TaskRow] = []
    for row, stored in rows:
        known = {task.id: task for task in stored.tasks} if stored else {}
        for task in row.state.tasks:
            before = known.get(task.id)
            if before is None:
                new.append(TaskRow(task, row.state, 0))
            elif before is not task:
                moved.append(TaskRow(task, row.state, before.version))
    if new:
        await conn.execute(INSERT_TASKS, *NEW_TASK.arrays(new))
    if moved:
        done = await conn.execute(UPDATE_TASKS, *MOVED_TASK.arrays(moved))
        if done != f"UPDATE {len(moved)}":
            raise LostRaceError(f"{done} of {len(moved)} tasks")


async def _write_timers(conn: Connection, rows: Sequence[tuple[ProcessRow, State | None]]) -> None:
    gone: list[tuple[UUID, str]] = []
    new: list[TimerRow] = []
    for row, stored in rows:
        before, after = set(stored.timers) if stored else set(), set(row.state.timers)
        gone += [(row.state.id, timer.name) for timer in before - after]
        new += [TimerRow(row.state.id, row.state.desk.code, timer) for timer in after - before]
    if gone:
        await conn.execute(DELETE_TIMERS, [key for key, _ in gone], [name for _, name in gone])
    if new:
        await conn.execute(INSERT_TIMERS, *NEW_TIMER.arrays(new))
