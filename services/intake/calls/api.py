"""Routes of calls that we start: click to call, and pass a call on (P.11, S3.16)."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from libs.common.domain.code import Code
from libs.common.platform.audit.shown import shows
from libs.common.platform.http.etag import set_location
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.language import Language
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from libs.common.platform.telemetry.tracing import current_traceparent
from services.intake.calls.actions import start_call, transfer_call
from services.intake.calls.queries import get_call, list_calls
from services.intake.calls.schemas import CallIn, CallView, TransferIn
from services.intake.deps import Crew, Ctx
from services.intake.errors import NotFoundError
from services.intake.leads.queries import get_lead

router = api_router("/intake/v1/calls", tags=["calls"], route_class=IdempotentRoute)


@router.post("", operation_id="start_call", status_code=201)
@refuses("not_found", "call_under_way", "exchange_halted", "do_not_call", "calls_exhausted")
@shows("call:id", "lead:lead_id")
async def post_call(body: CallIn, ctx: Ctx, caller: Crew, response: Response) -> CallView:
    """Start a call. What became of it is a contact: the exchange's own events say so, never the answer to this.

    409 while the same call is under way or in doubt, or while the exchange waits for a person; also when the
    customer is not to be called, or was called today as often as the desk allows: `next_at` says when again.
    """
    if not caller.may_see(body.desk):
        raise NotFoundError
    if body.lead_id is not None:
        await get_lead(ctx.core.db, caller, body.lead_id, Language.EN)
    call_id = await start_call(ctx, body, caller.sub, current_traceparent())
    set_location(response, router.prefix, call_id)
    return await get_call(ctx.core.db, caller, call_id)


@router.get("", operation_id="list_calls")
@shows("call:id", "lead:lead_id")
async def get_calls(
    ctx: Ctx,
    caller: Crew,
    asked: Paged,
    desk: Annotated[Code | None, Query()] = None,
    lead_id: UUID | None = None,
) -> Page[CallView]:
    """List the calls that we started, the newest first."""
    return await list_calls(ctx.core.db, caller, desk, lead_id, asked)


@router.get("/{call_id}", operation_id="get_call")
@shows("call:id", "lead:lead_id")
async def get_one(call_id: UUID, ctx: Ctx, caller: Crew) -> CallView:
    """Return one call."""
    return await get_call(ctx.core.db, caller, call_id)


@router.post("/{call_id}/transfer", operation_id="transfer_call", status_code=201)
@refuses("call_not_connected", "call_under_way", "exchange_halted")
@shows("call:id", "lead:lead_id")
async def post_transfer(call_id: UUID, body: TransferIn, ctx: Ctx, caller: Crew, response: Response) -> CallView:
    """Pass a call on to another extension, unasked. 409 while no conversation is known in it."""
    seen = await get_call(ctx.core.db, caller, call_id)
    transfer_id = await transfer_call(ctx, seen.id, body.extension, caller.sub, current_traceparent())
    set_location(response, router.prefix, transfer_id)
    return await get_call(ctx.core.db, caller, transfer_id)
