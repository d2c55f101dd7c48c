"""Reads of bulk actions: supervisors see those of their desks (P.6)."""

from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, func, select, true

from libs.common.platform.auth.principal import Principal
from libs.common.platform.http.pagination import Page, PageQuery, paginate
from services.tasks.bulk.schemas import BulkActionOut, BulkMemberOut
from services.tasks.bulk.tables import bulk_action, bulk_member
from services.tasks.context import Context
from services.tasks.errors import NotFoundError


async def get_bulk_action(ctx: Context, caller: Principal, bulk_action_id: UUID) -> BulkActionOut:
    """Return a bulk action with the number of its members by state. Raises NotFoundError."""
    async with ctx.db.read() as conn:
        query = _views(caller).where(bulk_action.c.id == bulk_action_id)
        row = (await conn.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFoundError
    return _view(row)


async def list_bulk_actions(
    ctx: Context, caller: Principal, desk: str | None, page: PageQuery
) -> Page[BulkActionOut]:
    """Return bulk actions, the latest first."""
    query = _views(caller).where(bulk_action.c.desk == desk if desk else true())
    async with ctx.db.read() as conn:
        found = await paginate(conn, query, "-id", [bulk_action.c.id], page)
    return found.page(_view)


async def list_members(
    ctx: Context, caller: Principal, bulk_action_id: UUID, page: PageQuery
) -> Page[BulkMemberOut]:
    """Return members in their order: the plan, then the receipt. Raises NotFoundError."""
    await get_bulk_action(ctx, caller, bulk_action_id)
    query = select(bulk_member).where(bulk_member.c.bulk_action_id == bulk_action_id)
    async with ctx.db.read() as conn:
        found = await paginate(conn, query, "position", [bulk_member.c.position], page)
    return found.page(lambda row: BulkMemberOut.model_validate({**row, "from_operator_id": row["from_id"]}))


def _visible(caller: Principal) -> ColumnElement[bool]:
    return true() if caller.sees_all_desks else bulk_action.c.desk.in_([*caller.desks])


def _views(caller: Principal) -> Select[tuple[object, ...]]:
    counted = (
        select(bulk_member.c.state, func.count().label("count"))
        .where(bulk_member.c.bulk_action_id == bulk_action.c.id)
        .group_by(bulk_member.c.state)
        .correlate(bulk_action)
        .subquery()
    )
    counts = select(
        func.coalesce(func.jsonb_object_agg(counted.c.state, counted.c.count), func.jsonb_build_object())
    )
    return select(*bulk_action.c, counts.scalar_subquery().label("members")).where(_visible(caller))


def _view(row: RowMapping) -> BulkActionOut:
    outcome, to = row["details"]["outcome"], row["details"]["to"]
    shown = {"outcome": outcome and outcome["outcome"], "operator_id": to and to["id"]}
    return BulkActionOut.model_validate({**row, **shown})
