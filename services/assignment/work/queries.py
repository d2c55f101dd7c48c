"""Reads of work: what waits, what is offered, what people have."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select, true, tuple_

from libs.common.platform.auth.principal import Principal, Role
from libs.common.platform.db import Database
from services.assignment.operators.tables import operator
from services.assignment.pools.tables import pool
from services.assignment.work.rules import WorkState
from services.assignment.work.schemas import WorkView
from services.assignment.work.tables import work


@dataclass(frozen=True, slots=True)
class Filter:
    """Which work; None filters nothing. `pool` is a code."""

    state: WorkState
    pool: str | None = None
    operator_id: UUID | None = None


async def list_work(
    db: Database, caller: Principal, wanted: Filter, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[WorkView]:
    """Return up to `limit` pieces of requested work by deadline, those after (due time, task id)."""
    query = (
        select(*work.c, pool.c.code.label("pool"))
        .join_from(work, pool, pool.c.id == work.c.pool_id)
        .where(_visible(caller), _filtered(wanted))
        .where(tuple_(work.c.due_at, work.c.task_id) > after if after else true())
        .order_by(work.c.due_at, work.c.task_id)
        .limit(limit)
    )
    async with db.read() as conn:
        rows = (await conn.execute(query)).mappings().all()
    return [WorkView.model_validate(dict(row)) for row in rows]


def _visible(caller: Principal) -> ColumnElement[bool]:
    if caller.sees_all_desks:
        return true()
    if caller.has(Role.SUPERVISOR):
        return work.c.desk.in_([*caller.desks])
    return work.c.operator_id.in_(select(operator.c.id).where(operator.c.subject == caller.sub))


def _filtered(wanted: Filter) -> ColumnElement[bool]:
    return and_(
        work.c.state == wanted.state,
        pool.c.code == wanted.pool if wanted.pool else true(),
        work.c.operator_id == wanted.operator_id if wanted.operator_id else true(),
    )
