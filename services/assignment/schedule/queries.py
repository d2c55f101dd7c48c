"""Reads of the schedule."""

from uuid import UUID

from sqlalchemy import RowMapping, Select, and_, or_, select, true

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from libs.common.platform.http.language import Language
from libs.common.platform.http.pagination import Page, PageQuery, paginate
from services.assignment.errors import NotFoundError
from services.assignment.operators.tables import operator
from services.assignment.schedule.schemas import PlannedShiftView
from services.assignment.schedule.tables import planned_shift, shift_kind
from services.assignment.spans import SpanFilter
from services.assignment.wire import title_in


async def list_schedule(
    db: Database, caller: Principal, wanted: SpanFilter, page: PageQuery, lang: Language
) -> Page[PlannedShiftView]:
    """Return planned shifts by their start; operators see their own."""
    async with db.read() as conn:
        query = _shown(caller).where(wanted.condition(planned_shift))
        found = await paginate(conn, query, "starts_at", [planned_shift.c.starts_at, planned_shift.c.id], page)
    return found.page(lambda row: _view(row, lang))


async def get_planned_shift(db: Database, caller: Principal, planned_id: UUID, lang: Language) -> PlannedShiftView:
    """Return a planned shift. Raises NotFoundError."""
    async with db.read() as conn:
        found = await conn.execute(_shown(caller).where(planned_shift.c.id == planned_id))
        row = found.mappings().one_or_none()
    if row is None:
        raise NotFoundError
    return _view(row, lang)


def _shown(caller: Principal) -> Select[tuple[object, ...]]:
    """Planned shifts of the caller's desks, an operator's own."""
    kind = and_(shift_kind.c.desk == planned_shift.c.desk, shift_kind.c.code == planned_shift.c.shift)
    own = operator.c.subject == caller.sub
    desks = true() if caller.sees_all_desks else planned_shift.c.desk.in_([*caller.desks])
    return (
        select(*planned_shift.c, operator.c.name.label("operator_name"), shift_kind.c.title.label("titles"))
        .join_from(planned_shift, operator, operator.c.id == planned_shift.c.operator_id)
        .outerjoin(shift_kind, kind)
        .where(or_(own, desks) if caller.sees_whole_desks else own)
    )


def _view(row: RowMapping, lang: Language) -> PlannedShiftView:
    titles = row["titles"]
    return PlannedShiftView.of({**row}, title_in(titles, lang) if titles else None)
