"""Routes of orders."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from libs.common.contracts.shared import OrderStatus
from libs.common.domain.code import Code
from libs.common.platform.audit.shown import shows
from libs.common.platform.http.etag import set_etag
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.paging import Ids, Paged
from libs.common.platform.http.routes import api_router
from libs.common.platform.http.wire import Moment
from services.intake.deps import Crew, Ctx
from services.intake.orders.queries import OrderFilter, get_order, list_orders
from services.intake.orders.schemas import OrderView

router = api_router("/intake/v1/orders", tags=["orders"])

_NUMBER = "ours, or the source's own number or id"


@router.get("", operation_id="list_orders")
@shows("lead:lead_id", "customer:customer_id")
async def get_orders(
    ctx: Ctx,
    caller: Crew,
    asked: Paged,
    desk: Annotated[Code | None, Query()] = None,
    status: Annotated[list[OrderStatus] | None, Query(max_length=len(OrderStatus))] = None,
    lead_id: UUID | None = None,
    customer_id: UUID | None = None,
    source_id: UUID | None = None,
    number: Annotated[
        str | None, Query(max_length=200, description="ours, or the source's own number or id")
    ] = None,
    created_from: Moment | None = None,
    created_to: Moment | None = None,
    ids: Ids = None,
) -> Page[OrderView]:
    """List orders, the newest first; an operator sees those of their leads and of leads that have no owner."""
    wanted = OrderFilter(desk, status, lead_id, customer_id, source_id, number, created_from, created_to, ids)
    return await list_orders(ctx.core.db, caller, wanted, asked)


@router.get("/{order_id}", operation_id="get_order")
@shows("lead:lead_id", "customer:customer_id")
async def get_one(order_id: UUID, ctx: Ctx, caller: Crew, response: Response) -> OrderView:
    """Return one order."""
    view = await get_order(ctx.core.db, caller, order_id)
    set_etag(response, view.version)
    return view
