"""Plans of the statements that every batch repeats: they grow with the batch, never with what is open."""

import pytest

from libs.common.platform.db import Database
from libs.common.platform.worker.lookout import statement_of
from services.tasks.app import WORK
from services.tasks.attention.kinds import KINDS
from services.tasks.processes import store
from services.tasks.processes.surroundings import OF_CUSTOMERS
from services.tasks.queues import store as queues
from services.tasks.tasks.store import MOVED_TASK
from services.tasks.timers.actions import CLAIM, NEXT_DUE, TRY_AGAIN
from services.tasks.timers.worker import ARE_DUE
from tests.support.grown import KNOWN, Tables, forget, grow, planned, read_whole
from tests.tasks.desk import Desk, lead


def _none(number: int) -> str:
    """Return so many empty arrays as arguments."""
    return ", ".join(["'{}'"] * number)


STATEMENTS = (
    (store.UPDATE_TASKS, _none(len(MOVED_TASK.columns))),
    (store.PARTS, f"{_none(1)}, NULL, NULL"),
    (store.LOCK, _none(3)),
    (store.LOCK_IDS, _none(1)),
    (store.INSERT_TIMERS, _none(len(store.NEW_TIMER.columns))),
    (store.DELETE_TIMERS, _none(2)),
    (OF_CUSTOMERS, _none(1)),
)
LEADS = 600
OF_ALL_OPEN = ("ix_task_version", "ix_task_held", "ix_process_owner_id", "Seq Scan on process")
#: What stays with the desks, and what is done within moments; the rest grows.
STEADY: Tables = {"fanout": {}, "pending_release": {}, "playbook_activation": {}}
GROWN: Tables = {
    "timer": {"due_at": "now() + n * interval '1 minute'", "set_aside_at": "NULL"},
    "parked": {"state": "'done'"},
    "redistribution": {"state": "'applied'"},
    "bulk_action": {"state": "'applied'"},
}
WHO_ASKS = "'[]', NULL, NULL, '{}', '{}', NULL, '{}'"


@pytest.mark.parametrize("known", KNOWN)
async def test_a_batch_looks_its_rows_up_by_id(desk: Desk, known: str) -> None:
    await fill(desk, known)
    async with desk.ctx.db.pool.acquire() as conn, conn.transaction():
        plan = [line for text, given in STATEMENTS for line in await planned(conn, text, given)]
    assert [line for line in plan if any(word in line for word in OF_ALL_OPEN)] == []


async def test_next_reads_a_lane_in_its_order_and_no_further_than_the_first(desk: Desk) -> None:
    # Without statistics the server guesses at three active tasks: all of them cost it what a lane of them does.
    await fill(desk, "ANALYZE")
    async with desk.ctx.db.pool.acquire() as conn, conn.transaction():
        plan = await planned(conn, queues.FIRST[False, False], WHO_ASKS)
    reads = [line.split(" using ")[1].split()[0] for line in plan if "Index Scan" in line]
    assert reads == ["ix_task_held", "pk_process", "ix_task_free", "pk_process"]
    assert [line for line in plan if "Sort" in line or "Seq Scan" in line] == []


async def test_what_is_due_and_what_was_set_aside_is_found_among_all_timers(desk: Desk) -> None:
    await fill(desk, "ANALYZE")
    asked = (
        (f"SELECT $1::timestamptz, {ARE_DUE}", "now()"),
        (NEXT_DUE, ""),
        (CLAIM, "now(), 100"),
        (TRY_AGAIN, ""),
        (KINDS["set_aside_timers"].rows, ""),
    )
    async with desk.ctx.db.pool.acquire() as conn, conn.transaction():
        plan = [line for text, given in asked for line in await planned(conn, text, given)]
    assert await desk.ctx.db.pool.fetchval("SELECT count(*) FROM timer") >= LEADS
    assert [line for line in plan if "Seq Scan" in line] == []


@pytest.mark.parametrize("known", KNOWN)
async def test_the_lookout_reads_nothing_whole_that_grows(tasks_db: Database, known: str) -> None:
    await grow(tasks_db, STEADY, 20, known)
    await grow(tasks_db, GROWN, 3000, known)
    assert await read_whole(tasks_db, statement_of(WORK), "now()") <= {*STEADY}
    assert "clock_timestamp" not in statement_of(WORK)  # volatile: all that is open would be read


async def fill(desk: Desk, known: str) -> None:
    """Make leads; the server knows of them by what is named (`KNOWN`) and gathers nothing by itself."""
    for table in ("process", "task", "timer"):
        await forget(desk.ctx.db, table)
    await desk.receive(*(lead("callback") for _ in range(LEADS)))
    await desk.ctx.db.pool.execute("UPDATE process SET opened = opened")  # each was changed since it came
    if known:
        await desk.ctx.db.pool.execute(f"{known} process, task, timer")
