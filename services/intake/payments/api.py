"""Routes of payments: both of a double one are shown, a manual one is entered and deleted (S4.9, S4.10)."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from libs.common.contracts.shared import PaymentKind, PaymentStatus
from libs.common.domain.code import Code
from libs.common.platform.audit.shown import shows
from libs.common.platform.http.etag import IfMatch, answering_stale, set_etag, set_location
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from services.intake.deps import Chain, Crew, Ctx, Worker
from services.intake.payments.actions import By, enter, remove
from services.intake.payments.queries import PaymentFilter, get_payment, list_payments, order_of, require_payer
from services.intake.payments.schemas import PaymentDeletion, PaymentIn, PaymentView

BY_HAND = "by hand"

router = api_router("/intake/v1/payments", tags=["payments"], route_class=IdempotentRoute)
under_order = api_router("/intake/v1/orders/{order_id}/payments", tags=["payments"], route_class=IdempotentRoute)


@router.get("", operation_id="list_payments")
@shows("lead:lead_id", "customer:customer_id")
async def get_payments(
    ctx: Ctx,
    caller: Crew,
    asked: Paged,
    desk: Annotated[Code | None, Query()] = None,
    order_id: UUID | None = None,
    lead_id: UUID | None = None,
    customer_id: UUID | None = None,
    kind: PaymentKind | None = None,
    status: PaymentStatus | None = None,
) -> Page[PaymentView]:
    """List payments, the newest first. An operator sees those of their leads; with the role `payments`, all."""
    wanted = PaymentFilter(desk, order_id, lead_id, customer_id, kind, status)
    return await list_payments(ctx.core.db, caller, wanted, asked)


@router.get("/{payment_id}", operation_id="get_payment")
@shows("lead:lead_id", "customer:customer_id")
async def get_one(payment_id: UUID, ctx: Ctx, caller: Crew, response: Response) -> PaymentView:
    """Return one payment."""
    view = await get_payment(ctx.core.db, caller, payment_id)
    set_etag(response, view.version)
    return view


@under_order.post("", operation_id="record_payment", status_code=201)
@refuses("already_paid", "order_changed")
@shows("lead:lead_id", "customer:customer_id")
async def post_payment(
    order_id: UUID, body: PaymentIn, ctx: Ctx, caller: Worker, cause: Chain, response: Response
) -> PaymentView:
    """Record a payment that is received; it completes an order that is fully paid.

    For supervisors, and operators with the role `payments`.
    """
    order = await order_of(ctx.core.db, caller, order_id)
    await require_payer(ctx.core.db, caller)
    by = By(caller.sub, body.reason or BY_HAND, cause, cause.correlation_id)
    payment_id = await enter(ctx, order.id, order.desk, body.entry(), by, body.order_version)
    set_location(response, router.prefix, payment_id)
    view = await get_payment(ctx.core.db, caller, payment_id)
    set_etag(response, view.version)
    return view


@router.post("/{payment_id}/delete", operation_id="delete_payment")
@refuses("payment_kept")
@shows("lead:lead_id", "customer:customer_id")
async def post_deletion(
    payment_id: UUID, body: PaymentDeletion, ctx: Ctx, caller: Worker, cause: Chain, seen: IfMatch,
    response: Response,
) -> PaymentView:  # fmt: skip
    """Delete a manual payment, because the automatic one has come too or it was entered by mistake.

    It is still shown. An order that it completed is again as it was. For supervisors, and operators with the role
    `payments`.
    """
    known = await get_payment(ctx.core.db, caller, payment_id)
    await require_payer(ctx.core.db, caller)
    by = By(caller.sub, body.reason, cause, cause.correlation_id)
    async with answering_stale(partial(get_payment, ctx.core.db, caller, payment_id)):
        await remove(ctx, known.order_id, known.desk, payment_id, by, seen)
    view = await get_payment(ctx.core.db, caller, payment_id)
    set_etag(response, view.version)
    return view
