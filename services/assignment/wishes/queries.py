"""Reads of wishes."""

from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import or_, select, true

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from libs.common.platform.http.pagination import Page, PageQuery, paginate
from services.assignment.operators.tables import operator
from services.assignment.wishes.schemas import WishesView, WishPart, WishView
from services.assignment.wishes.tables import wish

OF_ONE = """
SELECT day, shift, wish FROM wish
WHERE operator_id = $1 AND desk = $2 AND day >= $3::date AND day < ($3::date + interval '1 month')
ORDER BY day, shift
"""


def next_month(month: date) -> date:
    """Return the first day of the month after one, which is given by its first day."""
    return (month + timedelta(days=32)).replace(day=1)


async def list_wishes(
    db: Database,
    caller: Principal,
    desk: str | None,
    operator_id: UUID | None,
    month: date | None,
    page: PageQuery,
) -> Page[WishView]:
    """Return wishes by day; operators see their own."""
    own = operator.c.subject == caller.sub
    desks = true() if caller.sees_all_desks else wish.c.desk.in_([*caller.desks])
    query = (
        select(*wish.c, operator.c.name.label("operator_name"))
        .join_from(wish, operator, operator.c.id == wish.c.operator_id)
        .where(or_(own, desks) if caller.sees_whole_desks else own)
        .where(true() if desk is None else wish.c.desk == desk)
        .where(true() if operator_id is None else wish.c.operator_id == operator_id)
    )
    if month is not None:
        query = query.where(wish.c.day >= month, wish.c.day < next_month(month))
    async with db.read() as conn:
        key = [wish.c.day, wish.c.shift, wish.c.desk, wish.c.operator_id]
        found = await paginate(conn, query, "day", key, page)
    return found.page(lambda row: WishView.model_validate({**row}))


async def wishes_of(db: Database, operator_id: UUID, desk: str, month: date) -> WishesView:
    """Return what an operator wishes of a month."""
    rows = await db.pool.fetch(OF_ONE, operator_id, desk, month)
    wishes = tuple(WishPart.model_validate({**row}) for row in rows)
    return WishesView(desk=desk, operator_id=operator_id, month=f"{month:%Y-%m}", wishes=wishes)
