"""Routes of held prices, and of when packages begin (S4.17)."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from libs.common.domain.code import Code
from libs.common.platform.audit.shown import shows
from libs.common.platform.http.etag import IfMatch, answering_stale, set_etag
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from services.intake.deps import Chain, Ctx, Manager, Staff, Worker
from services.intake.errors import NotFoundError
from services.intake.holds.actions import hold_price, say_start
from services.intake.holds.schemas import HoldIn, PackageStartIn, PackageStartView
from services.intake.holds.store import listed
from services.intake.orders.queries import get_order
from services.intake.orders.schemas import OrderView
from services.intake.payments.actions import By

BY_HAND = "by hand"

router = api_router("/intake/v1/package-starts", tags=["orders"], route_class=IdempotentRoute)
under_order = api_router("/intake/v1/orders/{order_id}/hold", tags=["orders"], route_class=IdempotentRoute)


@under_order.put("", operation_id="hold_price")
@shows("lead:lead_id", "customer:customer_id")
async def put_hold(
    order_id: UUID, body: HoldIn, ctx: Ctx, caller: Worker, cause: Chain, seen: IfMatch, response: Response
) -> OrderView:
    """Hold the price of an order until a time; the playbook opens a follow-up then."""
    order = await get_order(ctx.core.db, caller, order_id)
    by = By(caller.sub, body.reason or BY_HAND, cause, cause.correlation_id)
    async with answering_stale(partial(get_order, ctx.core.db, caller, order_id)):
        await hold_price(ctx, order_id, order.desk, body, by, seen)
    view = await get_order(ctx.core.db, caller, order_id)
    set_etag(response, view.version)
    return view


@router.get("", operation_id="list_package_starts")
async def get_starts(ctx: Ctx, caller: Staff, desk: Annotated[Code, Query()]) -> Page[PackageStartView]:
    """List when the packages of a desk begin."""
    if not caller.may_see(desk):
        return Page(items=[])
    return Page(items=[PackageStartView.model_validate(dict(row)) for row in await listed(ctx.core.db, [desk])])


@router.post("", operation_id="say_package_start")
@refuses("not_found")
async def post_start(body: PackageStartIn, ctx: Ctx, caller: Manager) -> PackageStartView:
    """Say when a package begins: no price of it is held beyond that."""
    if not caller.may_see(body.desk):
        raise NotFoundError
    await say_start(ctx, body)
    return PackageStartView(desk=body.desk, code=body.code, starts_at=body.starts_at)
