"""Reads of lateness."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, not_, or_, select, true

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from libs.common.platform.http.pagination import Page, PageQuery, paginate
from services.assignment.errors import NotFoundError
from services.assignment.lateness.schemas import LatenessView
from services.assignment.lateness.tables import lateness
from services.assignment.operators.tables import operator
from services.assignment.spans import SpanFilter


@dataclass(frozen=True, slots=True)
class LatenessFilter:
    """Filter of lateness; None does not filter. `excused`: announced beforehand, or by a supervisor."""

    span: SpanFilter
    excused: bool | None = None
    repeated: bool | None = None

    def condition(self) -> ColumnElement[bool]:
        excused = or_(lateness.c.announced, lateness.c.excused_at.is_not(None))
        return and_(
            self.span.condition(lateness),
            true() if self.excused is None else excused if self.excused else not_(excused),
            true() if self.repeated is None else lateness.c.repeated.is_(self.repeated),
        )


async def list_lateness(
    db: Database, caller: Principal, wanted: LatenessFilter, page: PageQuery
) -> Page[LatenessView]:
    """Return lateness, the latest first; operators see their own."""
    query = _shown(caller).where(wanted.condition())
    async with db.read() as conn:
        found = await paginate(conn, query, "-starts_at", [lateness.c.starts_at, lateness.c.id], page)
    return found.page(lambda row: LatenessView.of({**row}))


async def get_lateness(db: Database, caller: Principal, lateness_id: UUID) -> LatenessView:
    """Return one lateness. Raises NotFoundError."""
    async with db.read() as conn:
        found = await conn.execute(_shown(caller).where(lateness.c.id == lateness_id))
        row = found.mappings().one_or_none()
    if row is None:
        raise NotFoundError
    return LatenessView.of({**row})


def _shown(caller: Principal) -> Select[tuple[object, ...]]:
    own = operator.c.subject == caller.sub
    desks = true() if caller.sees_all_desks else lateness.c.desk.in_([*caller.desks])
    return (
        select(*lateness.c, operator.c.name.label("operator_name"))
        .join_from(lateness, operator, operator.c.id == lateness.c.operator_id)
        .where(or_(own, desks) if caller.sees_whole_desks else own)
    )
