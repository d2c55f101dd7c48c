"""Reads of absences."""

from uuid import UUID

from sqlalchemy import Select, or_, select, true

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from libs.common.platform.http.pagination import Page, PageQuery, paginate
from services.assignment.absences.schemas import AbsenceView
from services.assignment.absences.tables import absence
from services.assignment.errors import NotFoundError
from services.assignment.operators.tables import operator
from services.assignment.spans import SpanFilter


async def list_absences(db: Database, caller: Principal, wanted: SpanFilter, page: PageQuery) -> Page[AbsenceView]:
    """Return absences by their start; operators see their own, and those in which they deputise."""
    async with db.read() as conn:
        query = _shown(caller).where(wanted.condition(absence))
        found = await paginate(conn, query, "starts_at", [absence.c.starts_at, absence.c.id], page)
    return found.page(lambda row: AbsenceView.model_validate({**row}))


async def get_absence(db: Database, caller: Principal, absence_id: UUID) -> AbsenceView:
    """Return an absence. Raises NotFoundError."""
    async with db.read() as conn:
        found = await conn.execute(_shown(caller).where(absence.c.id == absence_id))
        row = found.mappings().one_or_none()
    if row is None:
        raise NotFoundError
    return AbsenceView.model_validate({**row})


def _shown(caller: Principal) -> Select[tuple[object, ...]]:
    deputy = operator.alias("deputy")
    own = or_(operator.c.subject == caller.sub, deputy.c.subject == caller.sub)
    desks = true() if caller.sees_all_desks else absence.c.desk.in_([*caller.desks])
    return (
        select(*absence.c, operator.c.name.label("operator_name"), deputy.c.name.label("deputy_name"))
        .join_from(absence, operator, operator.c.id == absence.c.operator_id)
        .outerjoin(deputy, deputy.c.id == absence.c.deputy_id)
        .where(or_(own, desks) if caller.sees_whole_desks else own)
    )
