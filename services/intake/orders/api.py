"""Routes of orders."""

from uuid import UUID

from fastapi import Response

from libs.common.platform.http.etag import set_etag
from libs.common.platform.http.routes import api_router
from services.intake.deps import Ctx, Staff
from services.intake.orders.queries import get_order
from services.intake.orders.schemas import OrderView

router = api_router("/intake/v1/orders", tags=["orders"])


@router.get("/{order_id}", operation_id="get_order")
async def get_one(order_id: UUID, ctx: Ctx, caller: Staff, response: Response) -> OrderView:
    """Return one order."""
    view = await get_order(ctx.core.db, caller, order_id)
    set_etag(response, view.version)
    return view
