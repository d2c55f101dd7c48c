"""Routes of redistributions: plan, receipt, apply, undo (S2.2, P.15)."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from libs.common.domain.code import Code
from libs.common.platform.http.etag import IfMatch, answering_stale, set_etag, set_location
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from services.tasks.deps import Chain, Ctx, Manager
from services.tasks.redistributions.actions import apply, plan_redistribution, undo_redistribution
from services.tasks.redistributions.queries import (
    get_redistribution,
    list_members,
    list_redistributions,
    preview_undo,
)
from services.tasks.redistributions.schemas import MemberOut, RedistributionIn, RedistributionOut, UndoOut

router = api_router("/tasks/v1/redistributions", tags=["redistributions"], route_class=IdempotentRoute)


@router.post("", operation_id="plan_redistribution", status_code=201)
@refuses("not_found", "operator_unfit")
async def post_redistribution(
    body: RedistributionIn, ctx: Ctx, caller: Manager, chain: Chain, response: Response
) -> RedistributionOut:
    """Plan a redistribution of an operator's leads; its members say what would move. Nothing moves yet."""
    redistribution_id = await plan_redistribution(ctx, caller, body.command(), chain)
    set_location(response, router.prefix, redistribution_id)
    return await get_one(redistribution_id, ctx, caller, response)


@router.get("", operation_id="list_redistributions")
async def get_redistributions(
    ctx: Ctx, caller: Manager, page: Paged, desk: Annotated[Code | None, Query()] = None
) -> Page[RedistributionOut]:
    """List redistributions, the latest first."""
    return await list_redistributions(ctx, caller, desk, page)


@router.get("/{redistribution_id}", operation_id="get_redistribution")
async def get_one(redistribution_id: UUID, ctx: Ctx, caller: Manager, response: Response) -> RedistributionOut:
    """Return a redistribution with the number of its members in each state."""
    found = await get_redistribution(ctx, caller, redistribution_id)
    set_etag(response, found.version)
    return found


@router.get("/{redistribution_id}/members", operation_id="list_redistribution_members")
async def get_members(redistribution_id: UUID, ctx: Ctx, caller: Manager, page: Paged) -> Page[MemberOut]:
    """List members: the plan before it is applied, then the receipt."""
    return await list_members(ctx, caller, redistribution_id, page)


@router.post("/{redistribution_id}/apply", operation_id="apply_redistribution")
@refuses("redistribution_state", "conflict")
async def post_apply(
    redistribution_id: UUID, seen: IfMatch, ctx: Ctx, caller: Manager, response: Response
) -> RedistributionOut:
    """Move the members as planned; what is not as planned any more stays. Many are moved by and by (`applying`)."""
    async with answering_stale(partial(get_redistribution, ctx, caller, redistribution_id)):
        await apply(ctx, caller, redistribution_id, seen)
    return await get_one(redistribution_id, ctx, caller, response)


@router.get("/{redistribution_id}/undo", operation_id="preview_redistribution_undo")
async def get_undo(redistribution_id: UUID, ctx: Ctx, caller: Manager, page: Paged) -> Page[UndoOut]:
    """List what an undo would do now to the members that were moved, and what it would leave as it is (P.15)."""
    return await preview_undo(ctx, caller, redistribution_id, page)


@router.post("/{redistribution_id}/undo", operation_id="undo_redistribution")
@refuses("redistribution_state", "conflict")
async def post_undo(
    redistribution_id: UUID, seen: IfMatch, ctx: Ctx, caller: Manager, response: Response
) -> RedistributionOut:
    """Take a redistribution back: what is untouched since. A task goes to its former operator if they are there."""
    async with answering_stale(partial(get_redistribution, ctx, caller, redistribution_id)):
        await undo_redistribution(ctx, caller, redistribution_id, seen)
    return await get_one(redistribution_id, ctx, caller, response)
