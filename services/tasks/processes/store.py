"""Processes, their open tasks and their timers: rows in and out, and the SQL that writes them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter
from uuid import UUID

import asyncpg

from libs.common.contracts.shared import Stage, SubjectKind
from libs.common.messaging.inbox import Transient
from libs.common.platform.db import Connection
from libs.common.platform.db.bulk import Bulk
from libs.common.platform.db.together import Together, Write
from services.tasks.engine.facts import Customer, Document, Facts, Order, Subject
from services.tasks.engine.prices import Rate
from services.tasks.engine.state import (
    Desk,
    Operator,
    OperatorId,
    ProcessId,
    State,
    Task,
    TaskId,
    Timer,
    TimerKind,
)
from services.tasks.numbers.convert import figures_json
from services.tasks.numbers.rules import Figures
from services.tasks.playbooks.model import FREE
from services.tasks.processes.dealings import appointment_json, dealings_json, read_appointment, read_dealings
from services.tasks.rates.store import AS_LIST, rates_in
from services.tasks.tasks.store import MOVED_TASK, NEW_TASK, TaskRow, read_task, subject_of


@dataclass(frozen=True, slots=True)
class Origin:
    """The event chain and trace that started a process; its timers continue them."""

    correlation_id: UUID
    traceparent: str | None


@dataclass(frozen=True, slots=True)
class ProcessRow:
    """A process to be written; `recounted`: what its lead counts for is another than was read."""

    state: State
    origin: Origin
    figures: Figures | None = None
    recounted: bool = False


@dataclass(frozen=True, slots=True)
class TimerRow:
    """A timer to be written."""

    process_id: ProcessId
    desk: str
    timer: Timer


_KEYS = (
    ("id", "uuid", attrgetter("state.id")),
    ("desk", "text", attrgetter("state.desk.code")),
    # The release before knows a lead's first process alone.
    ("lead_id", "uuid", lambda row: row.state.facts.lead_id if row.state.main else None),
    ("subject_kind", "text", attrgetter("state.facts.subject.kind")),
    ("subject_id", "uuid", lambda row: None if row.state.main else row.state.facts.subject.id),
    ("customer_id", "uuid", attrgetter("state.facts.customer_id")),
    ("source", "text", attrgetter("state.facts.source")),
    ("partner_id", "uuid", attrgetter("state.facts.partner_id")),
    ("playbook", "text", attrgetter("state.playbook")),
    ("playbook_version", "int", attrgetter("state.playbook_version")),
    ("correlation_id", "uuid", attrgetter("origin.correlation_id")),
    ("traceparent", "text", attrgetter("origin.traceparent")),
    ("started_at", "timestamptz", attrgetter("state.started_at")),
)
_MOVING = (
    ("status", "text", attrgetter("state.status")),
    ("stage", "text", attrgetter("state.stage")),
    ("owner_id", "uuid", lambda row: row.state.owner and row.state.owner.id),
    ("owner_name", "text", lambda row: row.state.owner and row.state.owner.name),
    ("opened", "int", attrgetter("state.opened")),
    ("breaches", "int", attrgetter("state.breaches")),
    ("attempts", "jsonb", lambda row: dict(row.state.attempts)),
    ("messages", "jsonb", lambda row: dict(row.state.messages)),
    ("facts", "jsonb", lambda row: facts_json(row.state.facts)),
    ("person", "jsonb", lambda row: _person(row.state.facts.customer)),
    ("external_id", "text", attrgetter("state.facts.external_id")),
    ("order_number", "text", attrgetter("state.facts.order_number")),
    ("ended_at", "timestamptz", attrgetter("state.ended_at")),
    ("fields", "jsonb", lambda row: dict(row.state.fields)),
    ("owner_version", "int", attrgetter("state.owner_version")),
    # A column of its own: the release before writes `facts` anew and would lose it.
    ("appointment", "jsonb", lambda row: appointment_json(row.state.facts)),
    ("dealings", "jsonb", lambda row: dealings_json(row.state.facts.dealings)),
    ("counts", "jsonb", lambda row: dict(row.state.counts)),
    ("charges", "jsonb", attrgetter("state.charges")),
    ("documents", "jsonb", lambda row: tuple(asdict(document) for document in row.state.documents)),
    ("figures", "jsonb", lambda row: row.figures and figures_json(row.figures)),
)
NEW_PROCESS: Bulk[ProcessRow] = Bulk("process", _KEYS + _MOVING)
MOVED_PROCESS: Bulk[ProcessRow] = Bulk("process", (_KEYS[0], *_MOVING))
NEW_TIMER: Bulk[TimerRow] = Bulk(
    "timer",
    (
        ("process_id", "uuid", attrgetter("process_id")),
        ("name", "text", attrgetter("timer.name")),
        ("desk", "text", attrgetter("desk")),
        ("kind", "text", attrgetter("timer.kind")),
        ("due_at", "timestamptz", attrgetter("timer.at")),
        ("task_id", "uuid", attrgetter("timer.task_id")),
    ),
)

_WATCHED = (
    "status", "stage", "owner", "opened", "breaches", "attempts", "messages", "facts", "fields", "ended_at",
    "counts", "charges", "documents",
)  # fmt: skip


def row_changed(state: State, stored: State) -> bool:
    """Return whether the row of a process must be updated; tasks and timers have their own rows."""
    return any(getattr(state, name) is not getattr(stored, name) for name in _WATCHED)


def facts_json(facts: Facts) -> dict[str, object]:
    """Return the facts without a column of their own, flat as every release stores them; the customer has one."""
    return {
        "customer_id": facts.customer_id,
        "source_id": facts.source_id,
        "signals": facts.signals,
        "language": facts.language,
        "zone": facts.zone,
        "zone_source": facts.zone_source,
        "received_at": facts.received_at,
        "counted_from": facts.counted_from,
        # Not among the columns of the person: the release before knows no more of those.
        "identities": facts.customer.identities,
        **_order_json(facts.order),
    }


def _person(customer: Customer) -> dict[str, str | None]:
    return {name: getattr(customer, name) for name in ("name", "phone", "phone_raw", "email")}


def _order_json(order: Order | None) -> dict[str, object]:
    found = {name: getattr(order, name) if order else None for name in _PLAIN}
    return {
        **found,
        "order_id": order and order.id,
        "order_status": order and order.status,
        "amount": None if order is None or order.amount is None else str(order.amount),
    }


_PLAIN = ("external_number", "currency", "payment_link", "items", "products")


def whose_partner(row: asyncpg.Record) -> UUID | None:
    """Return the partner of a stored process: whose customer its lead is, or its subject."""
    found: UUID | None = row["subject_id"] if row["subject_kind"] == SubjectKind.PARTNER else row["partner_id"]
    return found


def read_facts(row: asyncpg.Record) -> Facts:
    stored = row["facts"]
    return Facts(
        subject=subject_of(row),
        customer_id=_id(stored["customer_id"]),
        source_id=_id(stored["source_id"]),
        source=row["source"],
        external_id=row["external_id"],
        order=None if stored["order_id"] is None else _read_order(row),
        signals=tuple(stored["signals"]),
        language=stored["language"],
        zone=stored["zone"],
        zone_source=stored.get("zone_source"),
        received_at=datetime.fromisoformat(stored["received_at"]),
        customer=Customer(
            **row["person"], identities=tuple((kind, value) for kind, value in stored.get("identities", ()))
        ),
        counted_from=_moment(stored.get("counted_from")),
        partner_id=row["partner_id"],
        **read_appointment(row["appointment"]),
        dealings=read_dealings(row["dealings"]),
    )


def _read_order(row: asyncpg.Record) -> Order:
    stored = row["facts"]
    return Order(
        id=UUID(stored["order_id"]),
        number=row["order_number"],
        status=stored["order_status"],
        external_number=stored["external_number"],
        amount=None if stored["amount"] is None else Decimal(stored["amount"]),
        currency=stored["currency"],
        payment_link=stored["payment_link"],
        items=tuple(stored["items"]),
        products=tuple(stored["products"]),
    )


def _id(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def read_state(row: asyncpg.Record, desk: Desk, tasks: tuple[Task, ...], timers: tuple[Timer, ...]) -> State:
    """Return the state of a stored process."""
    owner = None if row["owner_id"] is None else Operator(OperatorId(row["owner_id"]), row["owner_name"])
    return State(
        id=ProcessId(row["id"]),
        desk=desk,
        playbook=row["playbook"],
        playbook_version=row["playbook_version"],
        facts=read_facts(row),
        main=row["lead_id"] is not None,
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        status=row["status"],
        stage=None if row["stage"] is None else Stage(row["stage"]),
        owner=owner,
        opened=row["opened"],
        breaches=row["breaches"],
        owner_version=row["owner_version"],
        tasks=tasks,
        timers=timers,
        attempts=row["attempts"],
        messages=row["messages"],
        fields=row["fields"],
        counts=row["counts"],
        charges=tuple(row["charges"]),
        documents=tuple(Document(**document) for document in row["documents"]),
    )


def read_timers(row: asyncpg.Record) -> list[Timer]:
    """Return the timers of a row of `PARTS`."""
    columns = (row[name] for name in ("timers", "timer_kinds", "timers_due", "timer_tasks", "timers_aside"))
    return [
        Timer(name, TimerKind(kind), due_at, task_id and TaskId(task_id), aside)
        for name, kind, due_at, task_id, aside in zip(*columns, strict=True)
    ]


# Locked in id order, so that two batches never deadlock; the lock of a process guards its tasks and timers too.
# Free tasks that are done hear of nothing any more; another process that has ended may begin anew. The processes
# of a lead's customer may listen. It looks up by ids in a small table and in one without statistics too: the ids
# are an array, not a join; `OFFSET 0` compares the few tasks of each, instead of looking all named ones up; and
# what is one expression leads to no index of all that is live.
LOCK = f"""
SELECT p.*, ARRAY(SELECT t.id FROM (SELECT id FROM task WHERE process_id = p.id OFFSET 0) t
                  WHERE t.id = ANY($3::uuid[])) AS named_tasks
FROM process p WHERE p.id = ANY(ARRAY(
    SELECT id FROM process WHERE lead_id = ANY($1::uuid[])
    UNION ALL SELECT id FROM process WHERE subject_id = ANY($1) AND (ended_at IS NULL OR playbook <> '{FREE}')
    UNION ALL SELECT id FROM process
              WHERE subject_id = ANY(ARRAY(SELECT customer_id FROM process WHERE lead_id = ANY($1)))
              AND CASE subject_kind WHEN 'customer' THEN ended_at IS NULL END
    UNION ALL SELECT unnest($2::uuid[])
    UNION ALL SELECT process_id FROM task WHERE id = ANY($3)
)) ORDER BY p.id FOR NO KEY UPDATE OF p
"""  # noqa: S608 - a constant
LOCK_IDS = """
SELECT p.*, '{}'::uuid[] AS named_tasks FROM process p WHERE p.id = ANY($1::uuid[])
ORDER BY p.id FOR NO KEY UPDATE OF p
"""
RUNS = """
SELECT EXISTS (SELECT FROM process WHERE desk = $1 AND subject_kind = $2 AND COALESCE(subject_id, lead_id) = $3
               AND playbook = $4 AND ended_at IS NULL)
"""
ASKERS = """
SELECT event_id, process_id FROM timeline_entry
WHERE (lead_id, event_id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[])) AND process_id IS NOT NULL
"""
# Of each process its timers, column by column, and its open tasks, each looked up by itself, in a small table and
# in one without statistics too; a process without any task has a row of timers alone. With the first one come the
# rates of a desk, if it is named.
PARTS = f"""
SELECT i.id AS part_of, m.*, t.*, r.rates FROM unnest($1::uuid[]) WITH ORDINALITY AS i(id, n)
LEFT JOIN LATERAL (
    SELECT array_agg(name) AS timers, array_agg(kind) AS timer_kinds, array_agg(due_at) AS timers_due,
           array_agg(task_id) AS timer_tasks, array_agg(set_aside_at IS NOT NULL) AS timers_aside
    FROM timer WHERE process_id = i.id
) m ON TRUE
LEFT JOIN LATERAL (
    SELECT * FROM task WHERE process_id = i.id AND CASE state WHEN 'active' THEN TRUE END OFFSET 0
) t ON TRUE
LEFT JOIN LATERAL (
    {AS_LIST.format(desk="$2::text", day="$3")} WHERE $2 IS NOT NULL AND i.n = 1
) r ON TRUE
ORDER BY t.opened_at, t.id
"""  # noqa: S608 - a statement of our own
CLOSED_TASKS = "SELECT * FROM task WHERE process_id = $1 AND id = ANY($2::uuid[]) AND state <> 'active'"

INSERT_PROCESSES = NEW_PROCESS.insert()
UPDATE_PROCESSES = f"""
UPDATE process p SET status = n.status, stage = n.stage, owner_id = n.owner_id, owner_name = n.owner_name,
    opened = n.opened, breaches = n.breaches, attempts = n.attempts, messages = n.messages, facts = n.facts,
    person = n.person, external_id = n.external_id, order_number = n.order_number, ended_at = n.ended_at,
    fields = n.fields, owner_version = n.owner_version, appointment = n.appointment, counts = n.counts,
    charges = n.charges, documents = n.documents, figures = n.figures, dealings = n.dealings
FROM {MOVED_PROCESS.source()} WHERE p.id = n.id
"""  # noqa: S608 - columns of our own
INSERT_TASKS = NEW_TASK.insert()
# The fence of every claim and move (docs/adr/0006): the task is still in the state that was read, which is open
# unless its outcome is mended, and of the version read, which rises whenever its operator changes. One expression,
# from which no index of open tasks follows: a plan that began with all of them would compare each with each of the
# batch.
UPDATE_TASKS = f"""
UPDATE task t SET version = n.version, state = n.state, offer_from = n.offer_from, offered_at = n.offered_at,
    waiting = n.waiting, operator_id = n.operator_id, decision_id = n.decision_id, assigned_at = n.assigned_at,
    taken_at = n.taken_at, overdue = n.overdue, outcome = n.outcome, comment = n.comment, call_made = n.call_made,
    problem = n.problem, callback_at = n.callback_at, closed_at = n.closed_at, closed_by = n.closed_by,
    closing_rule = n.closing_rule, successor_id = n.successor_id, fields = n.fields, held_since = n.held_since,
    avoid_id = n.avoid_id, among = n.among, lender_id = n.lender_id, lent_until = n.lent_until,
    reserved_until = n.reserved_until, contacted_at = n.contacted_at,
    contacted_id = n.contacted_id, original_id = n.original_id
FROM {MOVED_TASK.source()}
WHERE t.id = n.id AND CASE t.state WHEN n.was THEN t.version = n.seen END
"""  # noqa: S608 - columns of our own
# A timer may be set anew under its name.
INSERT_TIMERS = f"""
{NEW_TIMER.insert()} ON CONFLICT (process_id, name) DO UPDATE
SET desk = excluded.desk, kind = excluded.kind, due_at = excluded.due_at, task_id = excluded.task_id,
    set_aside_at = NULL
"""
DELETE_TIMERS = """
DELETE FROM timer t USING unnest($1::uuid[], $2::text[]) AS n(process_id, name)
WHERE t.process_id = n.process_id AND t.name = n.name
"""
_NEW_PROCESSES = Write("new_processes", (("new_processes", INSERT_PROCESSES),), len(NEW_PROCESS.columns))
_MOVED_PROCESSES = Write("moved_processes", (("moved_processes", UPDATE_PROCESSES),), len(MOVED_PROCESS.columns))
_NEW_TASKS = Write("new_tasks", (("new_tasks", INSERT_TASKS),), len(NEW_TASK.columns))
_MOVED = "moved_tasks"
_MOVED_TASKS = Write(_MOVED, ((_MOVED, f"{UPDATE_TASKS} RETURNING 1"),), len(MOVED_TASK.columns), counted=True)
_GONE_TIMERS = Write("gone_timers", (("gone_timers", DELETE_TIMERS),), 2)
_NEW_TIMERS = Write("new_timers", (("new_timers", INSERT_TIMERS),), len(NEW_TIMER.columns))

Tasks = Mapping[UUID, Sequence[Task]]
Timers = Mapping[UUID, Sequence[Timer]]


class LostRaceError(Transient):
    """Another transaction changed a task or started the process: nothing was written, and a retry may succeed."""


async def lock(
    conn: Connection, *, subjects: Collection[UUID], ids: Collection[UUID], tasks: Collection[UUID]
) -> list[asyncpg.Record]:
    """Lock the processes of subjects, by ids and of tasks, in id order; `named_tasks` are those of `tasks`."""
    if not subjects and not tasks:
        return await conn.fetch(LOCK_IDS, list(ids))
    return await conn.fetch(LOCK, list(subjects), list(ids), list(tasks))


async def runs(conn: Connection, desk: str, subject: Subject, playbook: str) -> bool:
    """Return whether a subject has a live process of a playbook."""
    return bool(await conn.fetchval(RUNS, desk, subject.kind, subject.id, playbook))


async def askers(conn: Connection, asked: Collection[tuple[UUID, UUID]]) -> dict[UUID, UUID]:
    """Return the process of each request, for pairs of lead and request; those that are not known are missing."""
    rows = await conn.fetch(ASKERS, [lead_id for lead_id, _ in asked], [request for _, request in asked])
    return {row["event_id"]: row["process_id"] for row in rows}


async def parts(conn: Connection, ids: Sequence[UUID]) -> tuple[Tasks, Timers]:
    """Return open tasks and timers by process; call it after the lock, so that none is stale."""
    tasks, timers, _ = await parts_and_rates(conn, ids)
    return tasks, timers


async def parts_and_rates(
    conn: Connection, ids: Sequence[UUID], priced: tuple[str, date] | tuple[None, None] = (None, None)
) -> tuple[Tasks, Timers, Mapping[str, Rate]]:
    """Return open tasks and timers by process, and a desk's rates of a day by currency; call it after the lock."""
    tasks: dict[UUID, list[Task]] = defaultdict(list)
    timers: dict[UUID, Sequence[Timer]] = {}
    rates: Mapping[str, Rate] = {}
    for row in await conn.fetch(PARTS, ids, *priced) if ids else ():
        part_of = row["part_of"]
        rates = rates_in(row["rates"]) if row["rates"] and not rates else rates
        if row["id"] is not None:
            tasks[part_of].append(read_task(row))
        if row["timers"] is not None and part_of not in timers:
            timers[part_of] = read_timers(row)
    return tasks, timers, rates


async def closed_tasks(conn: Connection, process_id: UUID, ids: Collection[UUID]) -> tuple[Task, ...]:
    """Return those of a process's tasks that have ended; call it after the lock."""
    return tuple(read_task(row) for row in await conn.fetch(CLOSED_TASKS, process_id, list(ids)))


def state_of(row: asyncpg.Record, desk: Desk, tasks: Tasks, timers: Timers) -> State:
    """Return a stored process."""
    return read_state(row, desk, tuple(tasks.get(row["id"], ())), tuple(timers.get(row["id"], ())))


async def write(conn: Connection, rows: Sequence[tuple[ProcessRow, State | None]], writes: Together) -> None:
    """Write what changed between the stored states and these, with `writes`. Raises LostRaceError."""
    new = [row for row, stored in rows if stored is None]
    moved = [row for row, was in rows if was is not None and (row.recounted or row_changed(row.state, was))]
    if new:
        writes.add(_NEW_PROCESSES, *NEW_PROCESS.arrays(new))
    if moved:
        writes.add(_MOVED_PROCESSES, *MOVED_PROCESS.arrays(moved))
    tasks = _add_tasks(writes, rows)
    _add_timers(writes, rows)
    try:
        written = await writes.run(conn)
    except asyncpg.UniqueViolationError as error:
        if error.table_name != NEW_PROCESS.table:
            raise
        raise LostRaceError(f"another transaction was first: {error.constraint_name}") from error
    if written.get(_MOVED, 0) != tasks:
        raise LostRaceError(f"{written.get(_MOVED, 0)} of {tasks} tasks")


def _add_tasks(writes: Together, rows: Sequence[tuple[ProcessRow, State | None]]) -> int:
    """Add new and moved tasks; return how many have moved."""
    new: list[TaskRow] = []
    moved: list[TaskRow] = []
    for row, stored in rows:
        known = {task.id: task for task in stored.tasks} if stored else {}
        for task in row.state.tasks:
            before = known.get(task.id)
            if before is None:
                new.append(TaskRow(task, row.state))
            elif before is not task:
                moved.append(TaskRow(task, row.state, before))
    if new:
        writes.add(_NEW_TASKS, *NEW_TASK.arrays(new))
    if moved:
        writes.add(_MOVED_TASKS, *MOVED_TASK.arrays(moved))
    return len(moved)


def _add_timers(writes: Together, rows: Sequence[tuple[ProcessRow, State | None]]) -> None:
    gone: list[tuple[UUID, str]] = []
    new: list[TimerRow] = []
    for row, stored in rows:
        before, after = set(stored.timers) if stored else set(), set(row.state.timers)
        set_now = {timer.name for timer in after}
        gone += [(row.state.id, timer.name) for timer in before - after if timer.name not in set_now]
        new += [TimerRow(row.state.id, row.state.desk.code, timer) for timer in after - before]
    if gone:
        writes.add(_GONE_TIMERS, [key for key, _ in gone], [name for _, name in gone])
    if new:
        writes.add(_NEW_TIMERS, *NEW_TIMER.arrays(new))
