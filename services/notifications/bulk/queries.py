"""Reads of bulk actions: supervisors see those of their desks (P.6)."""

from uuid import UUID

from sqlalchemy import Column, ColumnElement, ScalarSelect, Select, func, select, true

from libs.common.platform.auth.principal import Principal
from libs.common.platform.http.pagination import Page, PageQuery, paginate
from services.notifications.bulk.schemas import MessageBulkAction, MessageBulkMember
from services.notifications.bulk.tables import bulk_action, bulk_member
from services.notifications.context import Context
from services.notifications.errors import NotFoundError


async def get_bulk_action(ctx: Context, caller: Principal, bulk_action_id: UUID) -> MessageBulkAction:
    """Return a bulk action with the number of its members by state and note. Raises NotFoundError."""
    async with ctx.core.db.read() as conn:
        query = _views(caller).where(bulk_action.c.id == bulk_action_id)
        row = (await conn.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFoundError
    return MessageBulkAction.model_validate(row)


async def list_bulk_actions(
    ctx: Context, caller: Principal, desk: str | None, page: PageQuery
) -> Page[MessageBulkAction]:
    """Return bulk actions, the latest first."""
    query = _views(caller).where(bulk_action.c.desk == desk if desk else true())
    async with ctx.core.db.read() as conn:
        found = await paginate(conn, query, "-id", [bulk_action.c.id], page)
    return found.page(MessageBulkAction.model_validate)


async def list_members(
    ctx: Context, caller: Principal, bulk_action_id: UUID, page: PageQuery
) -> Page[MessageBulkMember]:
    """Return members in their order: the plan, then the receipt. Raises NotFoundError."""
    await get_bulk_action(ctx, caller, bulk_action_id)
    query = select(bulk_member).where(bulk_member.c.bulk_action_id == bulk_action_id)
    async with ctx.core.db.read() as conn:
        found = await paginate(conn, query, "position", [bulk_member.c.position], page)
    return found.page(MessageBulkMember.model_validate)


def _views(caller: Principal) -> Select[tuple[object, ...]]:
    counts = _counted(bulk_member.c.state).label("members"), _counted(bulk_member.c.note).label("notes")
    return select(*bulk_action.c, *counts).where(_visible(caller))


def _counted(column: Column[str]) -> ScalarSelect[object]:
    """Return how many members have each value of a column."""
    counted = (
        select(column.label("value"), func.count().label("count"))
        .where(bulk_member.c.bulk_action_id == bulk_action.c.id, column.is_not(None))
        .group_by(column)
        .correlate(bulk_action)
        .subquery()
    )
    return select(
        func.coalesce(func.jsonb_object_agg(counted.c.value, counted.c.count), func.jsonb_build_object())
    ).scalar_subquery()


def _visible(caller: Principal) -> ColumnElement[bool]:
    return true() if caller.sees_all_desks else bulk_action.c.desk.in_([*caller.desks])
