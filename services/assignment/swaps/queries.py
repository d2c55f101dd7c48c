"""Reads of swaps."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select, true

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from libs.common.platform.http.pagination import Page, PageQuery, paginate
from services.assignment.errors import NotFoundError
from services.assignment.operators.tables import operator
from services.assignment.schedule.tables import planned_shift
from services.assignment.swaps.rules import SwapState
from services.assignment.swaps.schemas import SwapView
from services.assignment.swaps.tables import swap


@dataclass(frozen=True, slots=True)
class SwapFilter:
    """Filter of swaps; None does not filter. `operator_id`: who asks or is asked."""

    desk: str | None = None
    operator_id: UUID | None = None
    state: SwapState | None = None

    def condition(self) -> ColumnElement[bool]:
        either = or_(swap.c.from_operator_id == self.operator_id, swap.c.to_operator_id == self.operator_id)
        return and_(
            true() if self.desk is None else swap.c.desk == self.desk,
            true() if self.operator_id is None else either,
            true() if self.state is None else swap.c.state == self.state,
        )


async def list_swaps(db: Database, caller: Principal, wanted: SwapFilter, page: PageQuery) -> Page[SwapView]:
    """Return swaps, the latest first; operators see those that they ask for or are asked for."""
    query = _shown(caller).where(wanted.condition())
    async with db.read() as conn:
        found = await paginate(conn, query, "-id", [swap.c.id], page)
    return found.page(lambda row: SwapView.model_validate({**row}))


async def get_swap(db: Database, caller: Principal, swap_id: UUID) -> SwapView:
    """Return a swap. Raises NotFoundError."""
    async with db.read() as conn:
        found = await conn.execute(_shown(caller).where(swap.c.id == swap_id))
        row = found.mappings().one_or_none()
    if row is None:
        raise NotFoundError
    return SwapView.model_validate({**row})


def _shown(caller: Principal) -> Select[tuple[object, ...]]:
    asker, other = operator.alias("asker"), operator.alias("other")
    mine, theirs = planned_shift.alias("mine"), planned_shift.alias("theirs")
    own = or_(asker.c.subject == caller.sub, other.c.subject == caller.sub)
    desks = true() if caller.sees_all_desks else swap.c.desk.in_([*caller.desks])
    return (
        select(
            *swap.c,
            asker.c.name.label("from_operator_name"),
            other.c.name.label("to_operator_name"),
            mine.c.starts_at.label("starts_at"),
            theirs.c.starts_at.label("in_return_starts_at"),
        )
        .join_from(swap, asker, asker.c.id == swap.c.from_operator_id)
        .join(other, other.c.id == swap.c.to_operator_id)
        .outerjoin(mine, mine.c.id == swap.c.planned_id)
        .outerjoin(theirs, theirs.c.id == swap.c.in_return_id)
        .where(or_(own, desks) if caller.sees_whole_desks else own)
    )
