"""Routes of pools."""

from functools import partial
from typing import Annotated

from fastapi import Depends, Query, Response

from libs.common.domain.code import Code
from libs.common.platform.http.etag import IfMatch, answering_stale, set_etag, set_location
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from services.assignment.deps import Chain, Ctx, Lang, Manager, Overseer
from services.assignment.pools.actions import change_pool, create_pool
from services.assignment.pools.queries import get_pool, list_pools
from services.assignment.pools.schemas import PoolIn, PoolPatch, PoolView

router = api_router("/assignment/v1/pools", tags=["pools"], route_class=IdempotentRoute)

Desk = Annotated[Code | None, Query(description="needed when several desks have a pool of this code")]


async def _desk_of(code: str, ctx: Ctx, caller: Manager, lang: Lang, desk: Desk = None) -> str:
    """Return the desk whose pool is meant, given or not."""
    return (await get_pool(ctx.db, caller, code, desk, lang)).desk


@router.post("", operation_id="create_pool", status_code=201)
@refuses("already_exists", "not_found")
async def post_pool(
    body: PoolIn, ctx: Ctx, caller: Manager, lang: Lang, cause: Chain, response: Response
) -> PoolView:
    """Create a pool; 409 with the `existing` id if the desk has this code."""
    await create_pool(ctx, caller, body.command(), cause)
    view = await get_pool(ctx.db, caller, body.code, body.desk, lang)
    set_location(response, router.prefix, f"{view.code}?desk={view.desk}")
    set_etag(response, view.version)
    return view


@router.get("", operation_id="list_pools")
async def get_pools(ctx: Ctx, caller: Overseer, lang: Lang, page: Paged, desk: Desk = None) -> Page[PoolView]:
    """List the pools of the caller's desks; forbidden to operators: it shows their colleagues' load (P.6)."""
    return await list_pools(ctx.db, caller, lang, desk, page)


@router.get("/{code}", operation_id="get_pool")
async def get_one(
    code: str, ctx: Ctx, caller: Overseer, lang: Lang, response: Response, desk: Desk = None
) -> PoolView:
    """Return a pool: its seats with turn counters, and its waiting work; forbidden to operators (P.6)."""
    view = await get_pool(ctx.db, caller, code, desk, lang)
    set_etag(response, view.version)
    return view


@router.patch("/{code}", operation_id="change_pool")
@refuses("pool_in_use")
async def patch_pool(
    code: str,
    body: PoolPatch,
    seen: IfMatch,
    ctx: Ctx,
    caller: Manager,
    lang: Lang,
    cause: Chain,
    response: Response,
    desk: Annotated[str, Depends(_desk_of)],
) -> PoolView:
    """Change a pool's title, role or rules; a field left out stays."""
    read = partial(get_pool, ctx.db, caller, code, desk, lang)
    current = await read()
    async with answering_stale(read):
        await change_pool(ctx, current.id, seen, body.command(), cause)
    view = await read()
    set_etag(response, view.version)
    return view
