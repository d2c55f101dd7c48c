"""Routes of swaps."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from libs.common.domain.code import Code
from libs.common.platform.auth.principal import Principal
from libs.common.platform.http.etag import IfMatch, answering_stale, set_etag, set_location
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from services.assignment.context import Context
from services.assignment.deps import Attendant, Ctx, People
from services.assignment.swaps.actions import answer_swap, ask_swap
from services.assignment.swaps.queries import SwapFilter, get_swap, list_swaps
from services.assignment.swaps.rules import SwapState
from services.assignment.swaps.schemas import SwapIn, SwapView

router = api_router("/assignment/v1/swaps", tags=["schedule"], route_class=IdempotentRoute)


@router.get("", operation_id="list_swaps")
async def get_many(
    ctx: Ctx,
    caller: People,
    page: Paged,
    desk: Annotated[Code | None, Query()] = None,
    operator_id: Annotated[UUID | None, Query(description="who asks or is asked")] = None,
    state: Annotated[SwapState | None, Query()] = None,
) -> Page[SwapView]:
    """List swaps, the latest first; operators see those that they ask for or are asked for."""
    return await list_swaps(ctx.db, caller, SwapFilter(desk, operator_id, state), page)


@router.post("", operation_id="ask_swap", status_code=201)
@refuses("already_exists", "not_found", "shift_begun", "validation_failed")
async def post_swap(body: SwapIn, ctx: Ctx, caller: Attendant, response: Response) -> SwapView:
    """Ask another operator to take a shift, or to exchange it for one of theirs; a task of theirs says so.

    It is over when the first of these shifts begins. Supervisors ask in the name of an operator.
    """
    swap_id = await ask_swap(ctx, caller, body.asked())
    view = await get_swap(ctx.db, caller, swap_id)
    set_location(response, router.prefix, view.id)
    set_etag(response, view.version)
    return view


@router.get("/{swap_id}", operation_id="get_swap")
async def get_one(swap_id: UUID, ctx: Ctx, caller: People, response: Response) -> SwapView:
    """Return a swap."""
    view = await get_swap(ctx.db, caller, swap_id)
    set_etag(response, view.version)
    return view


@router.post("/{swap_id}/accept", operation_id="accept_swap")
@refuses("not_yours", "swap_over", "validation_failed")
async def post_accept(swap_id: UUID, seen: IfMatch, ctx: Ctx, caller: Attendant, response: Response) -> SwapView:
    """Accept a swap: its shifts change hands at once. Only the operator who is asked can."""
    return await _answer(ctx, caller, swap_id, seen, SwapState.ACCEPTED, response)


@router.post("/{swap_id}/refuse", operation_id="refuse_swap")
@refuses("not_yours", "swap_over")
async def post_refuse(swap_id: UUID, seen: IfMatch, ctx: Ctx, caller: Attendant, response: Response) -> SwapView:
    """Refuse a swap: everything stays as it is. Only the operator who is asked can."""
    return await _answer(ctx, caller, swap_id, seen, SwapState.REFUSED, response)


@router.post("/{swap_id}/withdraw", operation_id="withdraw_swap")
@refuses("not_yours", "swap_over")
async def post_withdraw(swap_id: UUID, seen: IfMatch, ctx: Ctx, caller: Attendant, response: Response) -> SwapView:
    """Withdraw a swap that is not answered: who asked for it, or a supervisor."""
    return await _answer(ctx, caller, swap_id, seen, SwapState.WITHDRAWN, response)


async def _answer(
    ctx: Context, caller: Principal, swap_id: UUID, seen: int, state: SwapState, response: Response
) -> SwapView:
    async with answering_stale(partial(get_swap, ctx.db, caller, swap_id)):
        await answer_swap(ctx, caller, swap_id, seen, state)
    view = await get_swap(ctx.db, caller, swap_id)
    set_etag(response, view.version)
    return view
