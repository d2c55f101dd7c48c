"""Routes of bulk actions over messages: plan, receipt, apply, undo (P.15)."""

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
from services.notifications.bulk.actions import apply_bulk_action, plan_bulk_action, undo_bulk_action
from services.notifications.bulk.queries import get_bulk_action, list_bulk_actions, list_members
from services.notifications.bulk.schemas import MessageBulkAction, MessageBulkActionIn, MessageBulkMember
from services.notifications.deps import Ctx, Manager

router = api_router("/notifications/v1/bulk-actions", tags=["bulk actions"], route_class=IdempotentRoute)


@router.post("", operation_id="plan_message_bulk_action", status_code=201)
@refuses("not_found", "too_many_messages")
async def post_bulk_action(
    body: MessageBulkActionIn, ctx: Ctx, caller: Manager, response: Response
) -> MessageBulkAction:
    """Plan which messages are withdrawn before they leave. Nothing is done yet.

    Its members say which messages these are, and of the others why they stay: sent, on their way, ended.
    """
    bulk_action_id = await plan_bulk_action(ctx, caller, body.command())
    set_location(response, router.prefix, bulk_action_id)
    return await get_one(bulk_action_id, ctx, caller, response)


@router.get("", operation_id="list_message_bulk_actions")
async def get_bulk_actions(
    ctx: Ctx, caller: Manager, page: Paged, desk: Annotated[Code | None, Query()] = None
) -> Page[MessageBulkAction]:
    """List bulk actions, the latest first."""
    return await list_bulk_actions(ctx, caller, desk, page)


@router.get("/{bulk_action_id}", operation_id="get_message_bulk_action")
async def get_one(bulk_action_id: UUID, ctx: Ctx, caller: Manager, response: Response) -> MessageBulkAction:
    """Return a bulk action with the number of its members in each state."""
    found = await get_bulk_action(ctx, caller, bulk_action_id)
    set_etag(response, found.version)
    return found


@router.get("/{bulk_action_id}/members", operation_id="list_message_bulk_members")
async def get_members(bulk_action_id: UUID, ctx: Ctx, caller: Manager, page: Paged) -> Page[MessageBulkMember]:
    """List members: the plan before it is applied, then the receipt."""
    return await list_members(ctx, caller, bulk_action_id, page)


@router.post("/{bulk_action_id}/apply", operation_id="apply_message_bulk_action")
@refuses("bulk_action_state", "conflict")
async def post_apply(
    bulk_action_id: UUID, seen: IfMatch, ctx: Ctx, caller: Manager, response: Response
) -> MessageBulkAction:
    """Withdraw what was planned; what has left by then stays. Many are done by and by (`applying`)."""
    async with answering_stale(partial(get_bulk_action, ctx, caller, bulk_action_id)):
        await apply_bulk_action(ctx, caller, bulk_action_id, seen)
    return await get_one(bulk_action_id, ctx, caller, response)


@router.post("/{bulk_action_id}/undo", operation_id="undo_message_bulk_action")
@refuses("bulk_action_state", "conflict")
async def post_undo(
    bulk_action_id: UUID, seen: IfMatch, ctx: Ctx, caller: Manager, response: Response
) -> MessageBulkAction:
    """Let the messages leave after all, each once, unless their deadline has passed or their address is barred.

    What playbooks did about their failure stays.
    """
    async with answering_stale(partial(get_bulk_action, ctx, caller, bulk_action_id)):
        await undo_bulk_action(ctx, caller, bulk_action_id, seen)
    return await get_one(bulk_action_id, ctx, caller, response)
