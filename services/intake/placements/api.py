"""Routes of orders that people make (S4.8)."""

from uuid import UUID

from fastapi import Response

from libs.common.platform.audit.shown import shows
from libs.common.platform.http.etag import set_etag, set_location
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from libs.common.platform.telemetry.tracing import current_traceparent
from services.intake.deps import Crew, Ctx
from services.intake.errors import NotFoundError
from services.intake.orders.queries import get_order
from services.intake.orders.schemas import OrderView
from services.intake.placements.actions import ask_link, place_order
from services.intake.placements.queries import may_work, target_of
from services.intake.placements.schemas import OrderIn

router = api_router("/intake/v1/orders", tags=["orders"], route_class=IdempotentRoute)


@router.post("", operation_id="place_order", status_code=201)
@refuses("not_found", "validation_failed")
@shows("lead:lead_id", "customer:customer_id")
async def post_order(body: OrderIn, ctx: Ctx, caller: Crew, response: Response) -> OrderView:
    """Make an order by hand, of a new customer or of one who is there: here at once, at the school when it answers.

    `placement` says how far that has come; its number and payment link come with `order.changed`.
    """
    if not caller.may_see(body.desk) or not await may_work(ctx.core.db, caller):
        raise NotFoundError
    asked, target = await target_of(ctx.core.db, caller, body)
    order_id = await place_order(ctx, asked, target, caller.sub, current_traceparent())
    view = await get_order(ctx.core.db, caller, order_id)
    set_location(response, router.prefix, order_id)
    set_etag(response, view.version)
    return view


@router.post("/{order_id}/payment-link", operation_id="ask_payment_link")
@refuses("validation_failed")
@shows("lead:lead_id", "customer:customer_id")
async def post_link(order_id: UUID, ctx: Ctx, caller: Crew, response: Response) -> OrderView:
    """Ask the school for the payment link of an order; one that was refused, or is in doubt, is made again."""
    await get_order(ctx.core.db, caller, order_id)
    await ask_link(ctx, order_id, caller.sub, current_traceparent())
    view = await get_order(ctx.core.db, caller, order_id)
    set_etag(response, view.version)
    return view
