"""The route of delivery rates."""

from typing import Annotated

from fastapi import Query

from libs.common.platform.http.routes import api_router
from services.notifications.autopilot.queries import rates_of_channels
from services.notifications.autopilot.schemas import DeliveryRates
from services.notifications.deps import Ctx, Manager, desks_of

router = api_router("/notifications/v1/delivery-rates", tags=["channels"])

Hours = Annotated[int, Query(ge=1, le=720)]


@router.get("", operation_id="get_delivery_rates")
async def delivery_rates(ctx: Ctx, caller: Manager, desk: str | None = None, hours: Hours = 24) -> DeliveryRates:
    """Return how channels delivered in the last `hours`, each of them and by provider."""
    return DeliveryRates.of(await rates_of_channels(ctx.core.db, desks_of(caller, desk), hours))
