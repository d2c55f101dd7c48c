"""Routes of bulk actions over tasks: plan, receipt, apply, undo (P.15)."""

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
from services.tasks.bulk.actions import apply_bulk_action, plan_bulk_action, undo_bulk_action
from services.tasks.bulk.queries import get_bulk_action, list_bulk_actions, list_members
from services.tasks.bulk.schemas import BulkActionIn, BulkActionOut, BulkMemberOut
from services.tasks.deps import Chain, Ctx, Manager

router = api_router("/tasks/v1/bulk-actions", tags=["bulk actions"], route_class=IdempotentRoute)


@router.post("", operation_id="plan_bulk_action", status_code=201)
@refuses("not_found", "operator_unfit", "too_many_tasks")
async def post_bulk_action(
    body: BulkActionIn, ctx: Ctx, caller: Manager, chain: Chain, response: Response
) -> BulkActionOut:
    """Plan what is done to open tasks; `left` names what of it cannot be taken back. Nothing is done yet.

    Its members say which tasks it is done to, and why others stay as they are.
    """
    bulk_action_id = await plan_bulk_action(ctx, caller, body.command(), chain)
    set_location(response, router.prefix, bulk_action_id)
    return await get_one(bulk_action_id, ctx, caller, response)


@router.get("", operation_id="list_bulk_actions")
async def get_bulk_actions(
    ctx: Ctx, caller: Manager, page: Paged, desk: Annotated[Code | None, Query()] = None
) -> Page[BulkActionOut]:
    """List bulk actions, the latest first."""
    return await list_bulk_actions(ctx, caller, desk, page)


@router.get("/{bulk_action_id}", operation_id="get_bulk_action")
async def get_one(bulk_action_id: UUID, ctx: Ctx, caller: Manager, response: Response) -> BulkActionOut:
    """Return a bulk action with the number of its members in each state."""
    found = await get_bulk_action(ctx, caller, bulk_action_id)
    set_etag(response, found.version)
    return found


@router.get("/{bulk_action_id}/members", operation_id="list_bulk_members")
async def get_members(bulk_action_id: UUID, ctx: Ctx, caller: Manager, page: Paged) -> Page[BulkMemberOut]:
    """List members: the plan before it is applied, then the receipt."""
    return await list_members(ctx, caller, bulk_action_id, page)


@router.post("/{bulk_action_id}/apply", operation_id="apply_bulk_action")
@refuses("bulk_action_state", "conflict")
async def post_apply(
    bulk_action_id: UUID, seen: IfMatch, ctx: Ctx, caller: Manager, response: Response
) -> BulkActionOut:
    """Do what was planned; what is not as planned any more stays. Many are done by and by (`applying`)."""
    async with answering_stale(partial(get_bulk_action, ctx, caller, bulk_action_id)):
        await apply_bulk_action(ctx, caller, bulk_action_id, seen)
    return await get_one(bulk_action_id, ctx, caller, response)


@router.post("/{bulk_action_id}/undo", operation_id="undo_bulk_action")
@refuses("bulk_action_state", "conflict")
async def post_undo(
    bulk_action_id: UUID, seen: IfMatch, ctx: Ctx, caller: Manager, response: Response
) -> BulkActionOut:
    """Take a bulk action back: what is untouched since.

    A task that was ended gets a successor, another its former operator if they are there.
    """
    async with answering_stale(partial(get_bulk_action, ctx, caller, bulk_action_id)):
        await undo_bulk_action(ctx, caller, bulk_action_id, seen)
    return await get_one(bulk_action_id, ctx, caller, response)
