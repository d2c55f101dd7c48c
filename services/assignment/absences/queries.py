"""Reads of absences."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select, true

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from libs.common.platform.http.pagination import Page, PageQuery, paginate
from services.assignment.absences.rules import AbsenceState
from services.assignment.absences.schemas import AbsenceView
from services.assignment.absences.tables import absence
from services.assignment.errors import NotFoundError
from services.assignment.operators.tables import operator


@dataclass(frozen=True, slots=True)
class Filter:
    """Filter of absences; None does not filter. Those that overlap the time from `since` to `until`."""

    desk: str | None = None
    operator_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    state: AbsenceState | None = None

    def condition(self) -> ColumnElement[bool]:
        return and_(
            true() if self.desk is None else absence.c.desk == self.desk,
            true() if self.operator_id is None else absence.c.operator_id == self.operator_id,
            true() if self.since is None else absence.c.ends_at > self.since,
            true() if self.until is None else absence.c.starts_at < self.until,
            true() if self.state is None else absence.c.state == self.state,
        )


async def list_absences(db: Database, caller: Principal, wanted: Filter, page: PageQuery) -> Page[AbsenceView]:
    """Return absences by their start; operators see their own, and those in which they deputise."""
    async with db.read() as conn:
        query = _shown(caller).where(wanted.condition())
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
