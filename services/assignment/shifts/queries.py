"""Reads of shifts."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, and_, not_, select, true

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from libs.common.platform.http.pagination import Page, PageQuery, paginate
from services.assignment.operators.queries import visible
from services.assignment.operators.tables import operator
from services.assignment.shifts.schemas import ShiftView
from services.assignment.shifts.tables import shift


@dataclass(frozen=True, slots=True)
class Filter:
    """Filter of shifts; None does not filter. `desk`: of operators who work there, `lasting`: not ended."""

    operator_id: UUID | None = None
    desk: str | None = None
    lasting: bool | None = None

    def condition(self) -> ColumnElement[bool]:
        lasts = shift.c.ended_at.is_(None)
        return and_(
            true() if self.operator_id is None else shift.c.operator_id == self.operator_id,
            true() if self.desk is None else operator.c.desks.contains([self.desk]),
            true() if self.lasting is None else lasts if self.lasting else not_(lasts),
        )


async def list_shifts(db: Database, caller: Principal, wanted: Filter, page: PageQuery) -> Page[ShiftView]:
    """Return shifts, the latest first."""
    query = (
        select(*shift.c, operator.c.name.label("operator_name"))
        .join_from(shift, operator, operator.c.id == shift.c.operator_id)
        .where(visible(caller), wanted.condition())
    )
    async with db.read() as conn:
        found = await paginate(conn, query, "-id", [shift.c.id], page)
    return found.page(lambda row: ShiftView.model_validate(dict(row)))
