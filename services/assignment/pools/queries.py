"""Reads of pools of the caller's desks."""

from sqlalchemy import ColumnElement, RowMapping, Select, func, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from libs.common.platform.http.language import Language
from libs.common.platform.http.pagination import Page, PageQuery, paginate
from services.assignment.errors import AmbiguousPoolError, NotFoundError
from services.assignment.offers.tables import work
from services.assignment.operators.queries import pause_reason
from services.assignment.operators.tables import operator
from services.assignment.pools.rules import SCALE
from services.assignment.pools.schemas import PoolView
from services.assignment.pools.tables import pool, seat
from services.assignment.wire import title_in


async def get_pool(db: Database, caller: Principal, code: str, desk: str | None, language: Language) -> PoolView:
    """Return a pool by code. Raises NotFoundError; AmbiguousPoolError if several desks have the code."""
    query = _views(caller, desk).where(pool.c.code == code).limit(2)
    async with db.read() as conn:
        found = (await conn.execute(query)).mappings().all()
    if not found:
        raise NotFoundError
    if len(found) > 1:
        raise AmbiguousPoolError
    return _view(found[0], language)


async def list_pools(
    db: Database, caller: Principal, language: Language, desk: str | None, page: PageQuery
) -> Page[PoolView]:
    """Return pools in order of creation."""
    async with db.read() as conn:
        found = await paginate(conn, _views(caller, desk), "id", [pool.c.id], page)
    return found.page(lambda row: _view(row, language))


def _visible(caller: Principal) -> ColumnElement[bool]:
    return true() if caller.sees_all_desks else pool.c.desk.in_([*caller.desks])


def _view(row: RowMapping, language: Language) -> PoolView:
    return PoolView.model_validate(
        {**row, "title": title_in(row["title"], language), "titles": row["title"], "turns": row["turn"]}
    )


def _views(caller: Principal, desk: str | None) -> Select[tuple[object, ...]]:
    place = func.jsonb_build_object(
        "operator_id", operator.c.id, "name", operator.c.name, "presence", operator.c.presence,
        "away", operator.c.away.is_not(None), "presence_since", operator.c.presence_since,
        "pause_reason", pause_reason,
        "weight", seat.c.weight, "turns", seat.c.turns, "virtual_time", seat.c.virtual_time / float(SCALE),
        "open_work", operator.c.open_work, "capacity", operator.c.capacity,
    )  # fmt: skip
    queue = aggregate_order_by(
        place, seat.c.virtual_time, operator.c.last_work_at.nulls_first(), operator.c.open_work, operator.c.id
    )
    places = (
        select(func.coalesce(func.jsonb_agg(queue), func.jsonb_build_array()))
        .join_from(seat, operator, operator.c.id == seat.c.operator_id)
        .where(seat.c.pool_id == pool.c.id)
        .scalar_subquery()
    )
    counts = func.jsonb_build_object(
        "count", func.count(), "oldest_at", func.min(work.c.requested_at), "next_due_at", func.min(work.c.due_at)
    )
    waits = select(counts).where(work.c.pool_id == pool.c.id, work.c.state == "waiting").scalar_subquery()
    views = select(*pool.c, places.label("seats"), waits.label("waiting"))
    return views.where(_visible(caller), pool.c.desk == desk if desk else true())
