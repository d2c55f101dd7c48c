"""Reads of desks."""

from collections.abc import Sequence

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from services.tasks.desks.actions import DeskView, read_view
from services.tasks.errors import NotFoundError

LIST = """
SELECT * FROM desk WHERE ($1 OR desk = ANY($2::text[])) AND ($3::text IS NULL OR desk > $3) ORDER BY desk LIMIT $4
"""
GET = "SELECT * FROM desk WHERE desk = $1"


async def list_desks(db: Database, caller: Principal, after: str | None, limit: int) -> Sequence[DeskView]:
    """Return the caller's desks by code."""
    rows = await db.pool.fetch(LIST, caller.sees_all_desks, list(caller.desks), after, limit)
    return [read_view(row) for row in rows]


async def get_desk(db: Database, caller: Principal, code: str) -> DeskView:
    """Return a desk. Raises NotFoundError."""
    row = await db.pool.fetchrow(GET, code) if caller.may_see(code) else None
    if row is None:
        raise NotFoundError
    return read_view(row)
