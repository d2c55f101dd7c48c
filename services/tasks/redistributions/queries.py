"""Reads of redistributions: supervisors see those of their desks (P.6)."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, func, select, true

from libs.common.platform.auth.principal import Principal
from libs.common.platform.http.pagination import Page, PageQuery, paginate
from services.tasks.context import Context
from services.tasks.desks.store import read_desks
from services.tasks.engine.state import Operator
from services.tasks.errors import NotFoundError
from services.tasks.operators.queries import operators_of
from services.tasks.processes import store as processes
from services.tasks.redistributions.actions import is_present
from services.tasks.redistributions.rules import UNDOABLE, Undo, undo
from services.tasks.redistributions.schemas import MemberOut, PersonOut, RedistributionOut, UndoOut
from services.tasks.redistributions.store import read_member
from services.tasks.redistributions.tables import member, redistribution

PROCESSES = "SELECT * FROM process WHERE id = ANY($1::uuid[])"


async def get_redistribution(ctx: Context, caller: Principal, redistribution_id: UUID) -> RedistributionOut:
    """Return a redistribution with the number of its members by state. Raises NotFoundError."""
    async with ctx.db.read() as conn:
        query = _views(caller).where(redistribution.c.id == redistribution_id)
        row = (await conn.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFoundError
    return _view(row)


async def list_redistributions(
    ctx: Context, caller: Principal, desk: str | None, page: PageQuery
) -> Page[RedistributionOut]:
    """Return redistributions, the latest first."""
    query = _views(caller).where(redistribution.c.desk == desk if desk else true())
    async with ctx.db.read() as conn:
        found = await paginate(conn, query, "-id", [redistribution.c.id], page)
    return found.page(_view)


async def list_members(
    ctx: Context, caller: Principal, redistribution_id: UUID, page: PageQuery
) -> Page[MemberOut]:
    """Return members in their order: the receipt. Raises NotFoundError."""
    row = await _row(ctx, caller, redistribution_id)
    query = select(member).where(member.c.redistribution_id == redistribution_id)
    async with ctx.db.read() as conn:
        found = await paginate(conn, query, "position", [member.c.position], page)
    return found.page(lambda each: MemberOut.model_validate(_member(each, row)))


async def preview_undo(ctx: Context, caller: Principal, redistribution_id: UUID, page: PageQuery) -> Page[UndoOut]:
    """Return what an undo would do now to the members that were moved, and what it would leave (P.15).

    Raises NotFoundError.
    """
    row = await _row(ctx, caller, redistribution_id)
    query = select(member).where(member.c.redistribution_id == redistribution_id, member.c.state.in_(UNDOABLE))
    async with ctx.db.read() as conn:
        found = await paginate(conn, query, "position", [member.c.position], page)
    judged = await _judged(ctx, row, found.rows)

    def shaped(each: RowMapping) -> UndoOut:
        verdict = judged[each["position"]]
        to = verdict.task_to
        fields = {
            "undoable": verdict.possible,
            "undo_note": verdict.note,
            "task_to": to and _person(to.id, to.name),
        }
        return UndoOut.model_validate({**_member(each, row), **fields})

    return found.page(shaped)


async def _judged(ctx: Context, row: RowMapping, members: Sequence[RowMapping]) -> Mapping[int, Undo]:
    """Return what an undo would do now to each member, by position; nothing is locked."""
    former = Operator(row["from_id"], row["from_name"])
    async with ctx.db.pool.acquire() as conn:
        present = is_present((await operators_of(conn, [former.id])).get(former.id))
        rows = await conn.fetch(PROCESSES, [each["process_id"] for each in members])
        desks = await read_desks(conn, [row["desk"]])
        tasks, timers = await processes.parts(conn, [each["id"] for each in rows])
    states = {each["id"]: processes.state_of(each, desks[row["desk"]].desk, tasks, timers) for each in rows}
    return {
        each["position"]: undo(read_member(each), states[each["process_id"]], former, present=present)
        for each in members
    }


async def _row(ctx: Context, caller: Principal, redistribution_id: UUID) -> RowMapping:
    query = select(redistribution).where(redistribution.c.id == redistribution_id, _visible(caller))
    async with ctx.db.read() as conn:
        row = (await conn.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFoundError
    return row


def _visible(caller: Principal) -> ColumnElement[bool]:
    return true() if caller.sees_all_desks else redistribution.c.desk.in_([*caller.desks])


def _views(caller: Principal) -> Select[tuple[object, ...]]:
    counted = (
        select(member.c.state, func.count().label("count"))
        .where(member.c.redistribution_id == redistribution.c.id)
        .group_by(member.c.state)
        .correlate(redistribution)
        .subquery()
    )
    counts = select(
        func.coalesce(func.jsonb_object_agg(counted.c.state, counted.c.count), func.jsonb_build_object())
    )
    return select(*redistribution.c, counts.scalar_subquery().label("members")).where(_visible(caller))


def _view(row: Mapping[str, object] | RowMapping) -> RedistributionOut:
    people = {"from_operator": _person(row["from_id"], row["from_name"]), "to_operators": row["targets"]}
    return RedistributionOut.model_validate({**row, **people})


def _member(row: RowMapping, of: RowMapping) -> dict[str, object]:
    return {
        **row,
        "from_operator": _person(of["from_id"], of["from_name"]),
        "to_operator": _person(row["to_id"], row["to_name"]) if row["to_id"] else None,
        "task_stays": row["task_id"] is not None and row["taken"],
    }


def _person(operator_id: object, name: object) -> PersonOut:
    return PersonOut.model_validate({"id": operator_id, "name": name})
