"""Reads of shifts."""

from uuid import UUID

from sqlalchemy import select, true

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from libs.common.platform.http.pagination import Page, PageQuery, paginate
from services.assignment.operators.queries import visible
from services.assignment.operators.tables import operator
from services.assignment.shifts.schemas import ShiftView
from services.assignment.shifts.tables import shift


async def list_shifts(
    db: Database, caller: Principal, operator_id: UUID | None, page: PageQuery
) -> Page[ShiftView]:
    """Return shifts, the latest first."""
    query = (
        select(*shift.c, operator.c.name.label("operator_name"))
        .join_from(shift, operator, operator.c.id == shift.c.operator_id)
        .where(visible(caller), shift.c.operator_id == operator_id if operator_id else true())
    )
    async with db.read() as conn:
        found = await paginate(conn, query, "-id", [shift.c.id], page)
    return found.page(lambda row: ShiftView.model_validate(dict(row)))
