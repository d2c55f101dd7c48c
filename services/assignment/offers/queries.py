"""Reads of offers."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select, true

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from libs.common.platform.http.pagination import Page, PageQuery, paginate
from services.assignment.offers.rules import WorkState
from services.assignment.offers.schemas import WorkView
from services.assignment.offers.tables import work
from services.assignment.operators.tables import operator
from services.assignment.pools.tables import pool


@dataclass(frozen=True, slots=True)
class Filter:
    """Filter of offers; None does not filter. `pool` is a code."""

    state: WorkState
    pool: str | None = None
    operator_id: UUID | None = None
    desk: str | None = None


async def list_work(db: Database, caller: Principal, wanted: Filter, page: PageQuery) -> Page[WorkView]:
    """Return requested offers by deadline."""
    query = (
        select(*work.c, pool.c.code.label("pool"))
        .join_from(work, pool, pool.c.id == work.c.pool_id)
        .where(_visible(caller), _filtered(wanted))
    )
    async with db.read() as conn:
        found = await paginate(conn, query, "due_at", [work.c.due_at, work.c.task_id], page)
    return found.page(lambda row: WorkView.model_validate(dict(row)))


def _visible(caller: Principal) -> ColumnElement[bool]:
    if caller.sees_whole_desks:
        return true() if caller.sees_all_desks else work.c.desk.in_([*caller.desks])
    return work.c.operator_id.in_(select(operator.c.id).where(operator.c.subject == caller.sub))


def _filtered(wanted: Filter) -> ColumnElement[bool]:
    return and_(
        work.c.state == wanted.state,
        pool.c.code == wanted.pool if wanted.pool else true(),
        work.c.operator_id == wanted.operator_id if wanted.operator_id else true(),
        work.c.desk == wanted.desk if wanted.desk else true(),
    )
