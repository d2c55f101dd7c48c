"""Reads of pools within the desks that the caller may see."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, func, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from libs.common.platform.http.language import Language
from services.assignment.errors import AmbiguousPoolError, NotFoundError
from services.assignment.operators.tables import operator
from services.assignment.pools.rules import SCALE
from services.assignment.pools.schemas import PoolView
from services.assignment.pools.tables import pool, seat
from services.assignment.wire import title_in
from services.assignment.work.tables import work


async def get_pool(db: Database, caller: Principal, code: str, desk: str | None, language: Language) -> PoolView:
    """Return the caller's pool of a code. Raises NotFoundError; AmbiguousPoolError when only the desk decides."""
    found = await list_pools(db, caller, language, desk=desk, code=code, limit=2)
    if not found:
        raise NotFoundError
    if len(found) > 1:
        raise AmbiguousPoolError
    return found[0]


async def list_pools(
    db: Database,
    caller: Principal,
    language: Language,
    *,
    desk: str | None = None,
    code: str | None = None,
    pool_id: UUID | None = None,
    after: UUID | None = None,
    limit: int,
) -> Sequence[PoolView]:
    """Return up to `limit` pools in the order they were made, those after the id `after`."""
    wanted = (
        _visible(caller),
        pool.c.desk == desk if desk else true(),
        pool.c.code == code if code else true(),
        pool.c.id == pool_id if pool_id else true(),
        pool.c.id > after if after else true(),
    )
    async with db.read() as conn:
        rows = (await conn.execute(_views().where(*wanted).order_by(pool.c.id).limit(limit))).mappings().all()
    return [_view(row, language) for row in rows]


def _visible(caller: Principal) -> ColumnElement[bool]:
    return true() if caller.sees_all_desks else pool.c.desk.in_([*caller.desks])


def _view(row: RowMapping, language: Language) -> PoolView:
    return PoolView.model_validate(
        {**row, "title": title_in(row["title"], language), "titles": row["title"], "turns": row["turn"]}
    )


def _views() -> Select[tuple[object, ...]]:
    place = func.jsonb_build_object(
        "operator_id", operator.c.id, "name", operator.c.name, "presence", operator.c.presence,
        "weight", seat.c.weight, "turns", seat.c.turns, "virtual_time", seat.c.virtual_time / float(SCALE),
        "open_work", operator.c.open_work, "capacity", operator.c.capacity,
    )  # fmt: skip
    queue = aggregate_order_by(place, seat.c.virtual_time, seat.c.last_turn, operator.c.id)
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
    return select(*pool.c, places.label("seats"), waits.label("waiting"))
