"""What pools say, one of which nothing has been heard says nothing; and the open tasks of each."""

from collections.abc import Collection

import asyncpg

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Connection
from libs.common.platform.http.pagination import Cut, Keyset, PageQuery
from services.tasks.context import Context

OPEN_OFF_SHIFT = "SELECT code FROM pool WHERE desk = $1 AND code = ANY($2::text[]) AND off_shift_pull"
LIST = """
SELECT t.desk, t.pool AS code, count(*) AS open, count(*) FILTER (WHERE t.overdue) AS overdue,
       count(*) FILTER (WHERE t.operator_id IS NULL AND t.offer_from <= $1) AS waiting,
       min(t.offer_from) FILTER (WHERE t.operator_id IS NULL AND t.offer_from <= $1) AS oldest_at,
       EXISTS (SELECT FROM pool p WHERE p.desk = t.desk AND p.code = t.pool) AS known
FROM task t
WHERE t.state = 'active' AND ($2 OR t.desk = ANY($3::text[])) AND ($4::text IS NULL OR (t.desk, t.pool) > ($4, $5))
GROUP BY t.desk, t.pool ORDER BY t.desk, t.pool LIMIT $6
"""
_BY_CODE = Keyset("code", {"desk": str, "code": str})


async def open_off_shift(conn: Connection, desk: str, codes: Collection[str]) -> frozenset[str]:
    """Return those pools of a desk whose tasks operators off shift may take (S2.3)."""
    return frozenset(row["code"] for row in await conn.fetch(OPEN_OFF_SHIFT, desk, list(codes)))


async def list_pools(ctx: Context, caller: Principal, desk: str | None, page: PageQuery) -> Cut[asyncpg.Record]:
    """Return the pools that have open tasks, by desk and code, with their counts."""
    everything, desks = caller.sees_all_desks, list(caller.desks)
    if desk is not None:
        everything, desks = False, [desk] if caller.may_see(desk) else []
    rows = await ctx.db.pool.fetch(LIST, ctx.now(), everything, desks, *_BY_CODE.parameters(page))
    return _BY_CODE.cut(rows, page)
