"""Reads of tasks: supervisors see their desks, operators unassigned tasks, their own and those they lent (P.6)."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, and_, not_, or_, select, true, union_all

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from libs.common.platform.http.language import Language
from libs.common.platform.http.pagination import Cut, PageQuery, paginate
from libs.common.platform.http.stale import stale
from libs.common.platform.versions import StaleVersionError
from services.tasks.calls.proofs import unproved, unproved_of
from services.tasks.context import Context
from services.tasks.desks.tables import desk
from services.tasks.errors import NotFoundError
from services.tasks.operators.tables import operator
from services.tasks.processes.tables import process
from services.tasks.tasks.actions import LockedTask
from services.tasks.tasks.customers import Seen, customer_in_hand, customers_of
from services.tasks.tasks.schemas import TaskOut, task_out
from services.tasks.tasks.store import Row, read_task, subject_of
from services.tasks.tasks.tables import task


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Filter of tasks; None does not filter. Ranges include their start and exclude their end.

    `order_number`: ours, or the source's own number or id of the order.
    """

    ids: Sequence[UUID] | None = None
    desk: str | None = None
    state: Sequence[str] | None = None
    type: str | None = None
    lane: str | None = None
    pool: str | None = None
    playbook: str | None = None
    lead_id: UUID | None = None
    operator_id: UUID | None = None
    order_number: str | None = None
    overdue: bool | None = None
    waiting: bool | None = None
    important: bool | None = None
    unowned: bool | None = None
    call_unproved: bool | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    due_from: datetime | None = None
    due_to: datetime | None = None


# Of its lead, or of another subject: each branch looks into an index of its own.
LAST_STEPS = """
WITH t AS (SELECT id, lead_id, subject_id FROM task WHERE id = $1)
SELECT time, actor, kind, facts -> 'fields' AS fields FROM (
    SELECT e.* FROM t JOIN timeline_entry e ON e.lead_id = t.lead_id AND e.task_id = t.id
    UNION ALL SELECT e.* FROM t JOIN timeline_entry e ON e.subject_id = t.subject_id AND e.task_id = t.id
) AS steps ORDER BY id DESC LIMIT 5
"""
_EQUAL = (
    "desk", "type", "lane", "pool", "playbook", "lead_id", "operator_id", "overdue", "waiting", "important",
)  # fmt: skip


async def list_tasks(
    db: Database, caller: Principal, wanted: TaskFilter, order: str, page: PageQuery, now: datetime
) -> Cut[RowMapping]:
    """Return tasks ordered by a column; a leading `-` means descending."""
    query = select(task).where(visible(caller), *filtered(wanted))
    if wanted.call_unproved is not None:
        query = query.where(unproved(now) if wanted.call_unproved else not_(unproved(now)))
    async with db.read() as conn:
        return await paginate(conn, query, order, [task.c[order.lstrip("-")], task.c.id], page)


async def oldest(db: Database, caller: Principal, wanted: TaskFilter, limit: int) -> Sequence[RowMapping]:
    """Return the oldest tasks of a filter that the caller may see."""
    query = select(task).where(visible(caller), *filtered(wanted)).order_by(task.c.opened_at, task.c.id)
    return await _read(db, query.limit(limit))


async def get_task(ctx: Context, caller: Principal, task_id: UUID, language: Language) -> TaskOut:
    """Return a task. Raises NotFoundError."""
    rows = await _read(ctx.db, select(task).where(task.c.id == task_id, visible(caller)))
    if not rows:
        raise NotFoundError
    return (await shaped(ctx, caller, rows, language))[0]


@asynccontextmanager
async def answering_stale_task(
    ctx: Context, caller: Principal, task_id: UUID, language: Language
) -> AsyncIterator[None]:
    """Answer a change of a task that has another version by 412: the task as it is now, and what made it so.

    Raises NotFoundError.
    """
    try:
        yield
    except StaleVersionError:
        current = await get_task(ctx, caller, task_id, language)
        raise stale(current, await _last_steps(ctx, task_id)) from None


async def _last_steps(ctx: Context, task_id: UUID) -> list[dict[str, object]]:
    rows = await ctx.db.pool.fetch(LAST_STEPS, task_id)
    return [
        {"at": row["time"].isoformat(), "by": row["actor"], "what": row["kind"], "fields": row["fields"] or []}
        for row in rows
    ]


async def one_task(ctx: Context, caller: Principal, task_id: UUID, language: Language) -> TaskOut:
    """Return a task to who has just made or moved it; they need not see it later on."""
    rows = await _read(ctx.db, select(task).where(task.c.id == task_id))
    return (await shaped(ctx, caller, rows, language))[0]


async def taken_task(
    ctx: Context, caller: Principal, taken: LockedTask, order_number: str | None, language: Language
) -> TaskOut:
    """Return a task to who has just taken it: as it was committed, of what is in hand. Raises NotFoundError.

    It is read where what is in hand does not say whose customer it is, or is not the caller's.
    """
    state, playbook = taken.process.state, taken.process.playbook
    task, me, customer = state.open_task(taken.task.id), taken.profile, customer_in_hand(state, ctx.now())
    if task is None or me is None or task.operator_id != me.id or customer is None:
        return await get_task(ctx, caller, taken.task.id, language)
    return task_out(
        task,
        desk=state.desk.code,
        subject=state.facts.subject,
        order_number=order_number,
        seen=Seen(customer),
        call_unproved=False,
        playbook=playbook,
        version=state.playbook_version,
        language=language,
    )


async def shaped(ctx: Context, caller: Principal, rows: Sequence[Row], language: Language) -> list[TaskOut]:
    """Return tasks for the wire, with titles in a language and the customers that the caller may see."""
    keys = {(row["playbook"], row["playbook_version"]) for row in rows}
    playbooks = await ctx.playbooks.of(ctx.db, keys)
    customers = await customers_of(ctx.db, caller, rows, ctx.now()) if rows else {}
    claims = await unproved_of(ctx.db, [row["id"] for row in rows if row["call_made"]], ctx.now())
    return [
        task_out(
            read_task(row),
            desk=row["desk"],
            subject=subject_of(row),
            order_number=row["order_number"],
            seen=customers.get(row["id"], Seen()),
            call_unproved=row["id"] in claims,
            playbook=playbooks[row["playbook"], row["playbook_version"]],
            version=row["playbook_version"],
            language=language,
        )
        for row in rows
    ]


async def _read(db: Database, query: Select[tuple[object, ...]]) -> Sequence[RowMapping]:
    async with db.read() as conn:
        return (await conn.execute(query)).mappings().all()


def visible(caller: Principal) -> ColumnElement[bool]:
    """Return the condition under which the caller may see a task."""
    desks = true() if caller.sees_all_desks else task.c.desk.in_([*caller.desks])
    if caller.sees_whole_desks:
        return desks
    # An operator must be active, and sees what waits in the pools that they work in.
    mine = and_(operator.c.subject == caller.sub, operator.c.active)
    me = select(operator.c.id).where(mine)
    waits = and_(
        task.c.operator_id.is_(None),
        select(operator.c.id).where(mine, operator.c.pools.has_key(task.c.pool)).exists(),
    )
    return and_(desks, or_(waits, task.c.operator_id.in_(me), task.c.lender_id.in_(me)))


def filtered(wanted: TaskFilter) -> list[ColumnElement[bool]]:
    """Return the conditions of a filter."""
    found = [task.c[name] == value for name in _EQUAL if (value := getattr(wanted, name)) is not None]
    if wanted.ids is not None:
        found.append(task.c.id.in_(wanted.ids))
    if wanted.state is not None:
        found.append(task.c.state.in_(wanted.state))
    if wanted.order_number is not None:
        found.append(_numbered(wanted.order_number))
    ranges: Mapping[str, tuple[datetime | None, datetime | None]] = {
        "opened_at": (wanted.created_from, wanted.created_to),
        "due_at": (wanted.due_from, wanted.due_to),
    }
    for name, (start, end) in ranges.items():
        found += [task.c[name] >= start] if start is not None else []
        found += [task.c[name] < end] if end is not None else []
    if wanted.unowned is not None:
        found.append(task.c.operator_id.is_(None) if wanted.unowned else task.c.operator_id.is_not(None))
    return found


def _numbered(number: str) -> ColumnElement[bool]:
    """Return the condition of the tasks of leads with this number of an order: three looks into an index each."""
    leads = select(process.c.lead_id).where(process.c.lead_id.is_not(None))
    ours = leads.where(process.c.desk.in_(select(desk.c.desk)), process.c.order_number == number)
    theirs = leads.where(process.c.facts["external_number"].astext == number)
    return task.c.lead_id.in_(union_all(ours, theirs, leads.where(process.c.external_id == number)))
