"""What waits for a person, for a supervisor's board: `GET /{service}/v1/attention`, counted as it is asked."""

from datetime import datetime
from functools import cache
from typing import Annotated, cast

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from libs.common.domain.code import Code
from libs.common.platform.attention.kinds import DEAD_LETTERS, Kinds
from libs.common.platform.db import Database
from libs.common.platform.http.deps import Overseer
from libs.common.platform.http.pagination import Keyset, Page
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.routes import api_router

_BY_KIND = Keyset("kind", {"desk": str, "kind": str})


class AttentionOut(BaseModel):
    """How many of a kind wait for a person at a desk, the first of them since `since`."""

    desk: str
    kind: str
    count: int
    since: datetime


@cache
def attention_router(service: str) -> APIRouter:
    """Return the route; `app.state.attention` must be the statement, and `app.state.ctx` has a `core`."""
    router = api_router(prefix=f"/{service}/v1/attention", tags=["board"])
    router.get("", operation_id=f"list_{service}_attention")(_list)
    return router


async def _list(
    request: Request, caller: Overseer, page: Paged, desk: Annotated[Code | None, Query()] = None
) -> Page[AttentionOut]:
    """List what waits for a person, by desk and kind; what nothing waits for is left out."""
    desks = None if caller.sees_all_desks else list(caller.desks)
    if desk is not None:
        desks = [desk] if caller.may_see(desk) else []
    db = cast("Database", request.app.state.ctx.core.db)
    rows = await db.pool.fetch(request.app.state.attention, desks, *_BY_KIND.parameters(page))
    return _BY_KIND.cut(rows, page).page(lambda row: AttentionOut.model_validate(dict(row)))


def counting(kinds: Kinds) -> str:
    """Return the statement that counts the rows of each kind by desk, dead letters among them."""
    counted = " UNION ALL ".join(
        f"SELECT desk, '{kind}' AS kind, count(*) AS count, min(at) AS since FROM ({each.rows}) AS waiting"  # noqa: S608 - declared in code
        " WHERE $1::text[] IS NULL OR desk = ANY($1) GROUP BY desk"
        for kind, each in {**DEAD_LETTERS, **kinds}.items()
    )
    return (
        f"SELECT * FROM ({counted}) AS kinds WHERE $2::text IS NULL OR (desk, kind) > ($2, $3)"  # noqa: S608 - as above
        " ORDER BY desk, kind LIMIT $4"
    )
