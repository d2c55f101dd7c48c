"""Routes of refunds: asked for, kept, details, confirmed, paid (S4.14)."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from libs.common.contracts import Cause
from libs.common.contracts.shared import RefundState
from libs.common.domain.code import Code
from libs.common.platform.audit.shown import shows
from libs.common.platform.auth.principal import Principal
from libs.common.platform.http.etag import IfMatch, answering_stale, set_etag, set_location
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from services.intake.deps import Chain, Crew, Ctx, Worker
from services.intake.payments.actions import By
from services.intake.payments.queries import order_of, require_payer
from services.intake.refunds.actions import ask, give_details, go_on
from services.intake.refunds.queries import RefundFilter, get_refund, list_refunds, payout_of
from services.intake.refunds.rules import OF_PAYERS
from services.intake.refunds.schemas import PayoutView, RefundDetails, RefundIn, RefundStep, RefundView

BY_HAND = "by hand"

router = api_router("/intake/v1/refunds", tags=["refunds"], route_class=IdempotentRoute)
under_order = api_router("/intake/v1/orders/{order_id}/refunds", tags=["refunds"], route_class=IdempotentRoute)


@router.get("", operation_id="list_refunds")
@shows("lead:lead_id", "customer:customer_id")
async def get_refunds(
    ctx: Ctx,
    caller: Crew,
    asked: Paged,
    desk: Annotated[Code | None, Query()] = None,
    order_id: UUID | None = None,
    lead_id: UUID | None = None,
    customer_id: UUID | None = None,
    state: RefundState | None = None,
) -> Page[RefundView]:
    """List refunds, the newest first. An operator sees those of their leads; with the role `payments`, all."""
    wanted = RefundFilter(desk, order_id, lead_id, customer_id, state)
    return await list_refunds(ctx.core.db, caller, wanted, asked)


@router.get("/{refund_id}", operation_id="get_refund")
@shows("lead:lead_id", "customer:customer_id")
async def get_one(refund_id: UUID, ctx: Ctx, caller: Crew, response: Response) -> RefundView:
    """Return one refund; of payout details only the end."""
    return _shown(await get_refund(ctx.core.db, caller, refund_id), response)


@under_order.post("", operation_id="ask_refund", status_code=201)
@refuses("refund_under_way", "validation_failed")
@shows("lead:lead_id", "customer:customer_id")
async def post_refund(
    order_id: UUID, body: RefundIn, ctx: Ctx, caller: Worker, cause: Chain, response: Response
) -> RefundView:
    """Ask for a refund of an order; the first step is to keep the customer."""
    order = await order_of(ctx.core.db, caller, order_id)
    refund_id = await ask(ctx, order.id, order.desk, body.wish(), _by(caller, body.reason, cause))
    set_location(response, router.prefix, refund_id)
    return _shown(await get_refund(ctx.core.db, caller, refund_id), response)


@router.post("/{refund_id}/step", operation_id="step_refund")
@refuses("out_of_turn")
@shows("lead:lead_id", "customer:customer_id")
async def post_step(
    refund_id: UUID, body: RefundStep, ctx: Ctx, caller: Worker, cause: Chain, seen: IfMatch, response: Response
) -> RefundView:
    """Take a step of a refund. To confirm closes access to what was bought.

    To confirm, refuse and pay is for supervisors, and operators with the role `payments`.
    """
    known = await get_refund(ctx.core.db, caller, refund_id)
    if body.state in OF_PAYERS:
        await require_payer(ctx.core.db, caller)
    async with answering_stale(partial(get_refund, ctx.core.db, caller, refund_id)):
        await go_on(ctx, known, seen, body.wish(), _by(caller, body.reason, cause))
    return _shown(await get_refund(ctx.core.db, caller, refund_id), response)


@router.put("/{refund_id}/details", operation_id="give_refund_details")
@refuses("out_of_turn")
@shows("lead:lead_id", "customer:customer_id")
async def put_details(
    refund_id: UUID, body: RefundDetails, ctx: Ctx, caller: Worker, cause: Chain, seen: IfMatch, response: Response
) -> RefundView:
    """Say whom to pay back and to where, also anew until it is confirmed; `due_on` counts from now."""
    known = await get_refund(ctx.core.db, caller, refund_id)
    async with answering_stale(partial(get_refund, ctx.core.db, caller, refund_id)):
        await give_details(ctx, known, seen, body.details(), _by(caller, body.reason, cause))
    return _shown(await get_refund(ctx.core.db, caller, refund_id), response)


@router.get("/{refund_id}/payout", operation_id="get_refund_payout")
@shows("lead:lead_id", "customer:customer_id")
async def get_payout(refund_id: UUID, ctx: Ctx, caller: Worker) -> PayoutView:
    """Return payout details whole, for supervisors and operators with the role `payments`; who asked is kept."""
    await get_refund(ctx.core.db, caller, refund_id)
    await require_payer(ctx.core.db, caller)
    return await payout_of(ctx.core.db, caller, refund_id, ctx.core.keys)


def _by(caller: Principal, reason: str | None, cause: Cause) -> By:
    return By(caller.sub, reason or BY_HAND, cause, cause.correlation_id)


def _shown(view: RefundView, response: Response) -> RefundView:
    set_etag(response, view.version)
    return view
