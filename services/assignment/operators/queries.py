"""Reads of operators of the caller's desks; operators see only themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Label, Select, and_, case, func, not_, or_, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by

from libs.common.contracts.shared import Presence
from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from libs.common.platform.http.pagination import Page, PageQuery, paginate
from services.assignment.errors import NoOperatorError, NotFoundError
from services.assignment.offers.rules import WorkState
from services.assignment.offers.tables import work
from services.assignment.operators.schemas import MeView, OperatorView
from services.assignment.operators.tables import operator
from services.assignment.pools.tables import pool, seat

pause_reason = case((operator.c.presence == Presence.PAUSED, operator.c.pause_reason))


def visible(caller: Principal) -> ColumnElement[bool]:
    """Return the condition under which the caller may see an operator (P.6)."""
    own = operator.c.subject == caller.sub
    if not caller.sees_whole_desks:
        return own
    if caller.sees_all_desks:
        return true()
    return or_(own, operator.c.desks.overlap([*caller.desks]))


async def get_operator(db: Database, caller: Principal, operator_id: UUID) -> OperatorView:
    """Return one operator. Raises NotFoundError, also if the caller may not see them."""
    async with db.read() as conn:
        found = await conn.execute(_views().where(operator.c.id == operator_id, visible(caller)))
        row = found.mappings().one_or_none()
    if row is None:
        raise NotFoundError
    return OperatorView.model_validate(dict(row))


async def get_me(db: Database, caller: Principal) -> MeView:
    """Return the caller's own operator. Raises NoOperatorError."""
    async with db.read() as conn:
        found = await conn.execute(_views().add_columns(_counts()).where(operator.c.subject == caller.sub))
        row = found.mappings().one_or_none()
    if row is None:
        raise NoOperatorError
    return MeView.model_validate(dict(row))


@dataclass(frozen=True, slots=True)
class Filter:
    """Filter of operators; None does not filter. `away`: on shift and not there."""

    desk: str | None = None
    presence: Sequence[Presence] | None = None
    away: bool | None = None
    active: bool | None = None

    def condition(self) -> ColumnElement[bool]:
        away = operator.c.away.is_not(None)
        return and_(
            true() if self.desk is None else operator.c.desks.contains([self.desk]),
            true() if self.presence is None else operator.c.presence.in_(self.presence),
            true() if self.away is None else away if self.away else not_(away),
            true() if self.active is None else operator.c.active.is_(self.active),
        )


async def list_operators(db: Database, caller: Principal, wanted: Filter, page: PageQuery) -> Page[OperatorView]:
    """Return operators in order of creation."""
    query = _views().where(visible(caller), wanted.condition())
    async with db.read() as conn:
        found = await paginate(conn, query, "id", [operator.c.id], page)
    return found.page(lambda row: OperatorView.model_validate(dict(row)))


def _views() -> Select[tuple[object, ...]]:
    place = func.jsonb_build_object(
        "desk", pool.c.desk, "code", pool.c.code, "weight", seat.c.weight, "turns", seat.c.turns
    )
    places = (
        select(func.coalesce(func.jsonb_agg(aggregate_order_by(place, pool.c.code)), func.jsonb_build_array()))
        .join_from(seat, pool, pool.c.id == seat.c.pool_id)
        .where(seat.c.operator_id == operator.c.id)
        .scalar_subquery()
    )
    said = {operator.c.away: operator.c.away.is_not(None), operator.c.pause_reason: pause_reason}
    columns = [said[column].label(column.name) if column in said else column for column in operator.c]
    return select(*columns, places.label("pools"))


def _counts() -> Label[object]:
    untaken = or_(work.c.state == WorkState.OFFERED, work.c.untaken)
    offered, taken = func.count().filter(untaken), func.count().filter(not_(untaken))
    counts = func.jsonb_build_object("offered", offered, "held", taken)
    return select(counts).where(work.c.operator_id == operator.c.id).scalar_subquery().label("work")
