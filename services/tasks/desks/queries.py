"""Reads of desks."""

import asyncpg

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from libs.common.platform.http.pagination import Cut, Keyset, PageQuery
from services.tasks.desks.actions import DeskView, read_view
from services.tasks.errors import NotFoundError

LIST = """
SELECT * FROM desk WHERE ($1 OR desk = ANY($2::text[])) AND ($3::text IS NULL OR desk > $3) ORDER BY desk LIMIT $4
"""
_BY_CODE = Keyset("code", {"desk": str})
GET = "SELECT * FROM desk WHERE desk = $1"


async def list_desks(db: Database, caller: Principal, page: PageQuery) -> Cut[asyncpg.Record]:
    """Return the caller's desks by code, as rows for `read_view`."""
    scope = caller.sees_all_desks, list(caller.desks)
    return _BY_CODE.cut(await db.pool.fetch(LIST, *scope, *_BY_CODE.parameters(page)), page)


async def get_desk(db: Database, caller: Principal, code: str) -> DeskView:
    """Return a desk. Raises NotFoundError."""
    row = await db.pool.fetchrow(GET, code) if caller.may_see(code) else None
    if row is None:
        raise NotFoundError
    return read_view(row)
