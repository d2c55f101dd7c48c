"""Routes of rates."""

from typing import Annotated

from fastapi import Path, Query

from libs.common.domain.code import Code
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from libs.common.platform.http.wire import Day
from services.intake.deps import Chain, Ctx, Manager, Staff
from services.intake.errors import NotFoundError
from services.intake.rates.actions import set_rate
from services.intake.rates.queries import list_rates, one_rate
from services.intake.rates.schemas import RateIn, RateView

router = api_router("/intake/v1/rates", tags=["rates"])

Currency = Annotated[str, Path(pattern="^[A-Z]{3}$")]


@router.get("", operation_id="list_rates")
async def get_rates(
    ctx: Ctx,
    caller: Staff,
    asked: Paged,
    desk: Annotated[Code | None, Query()] = None,
    currency: Annotated[str | None, Query(pattern="^[A-Z]{3}$")] = None,
    day: Day | None = None,
) -> Page[RateView]:
    """List official rates and those of the caller's desks, the newest day first (S4.12)."""
    return await list_rates(ctx.core.db, caller, desk, currency, day, asked)


@router.put("/{currency}/{day}", operation_id="set_rate")
@refuses("not_found")
async def put_rate(currency: Currency, day: Day, body: RateIn, ctx: Ctx, caller: Manager, cause: Chain) -> RateView:
    """Set what one unit of a currency costs in roubles from a day on; it goes before the official rate of that day.

    It is used in messages until `holds_until`, unless a newer one is known.
    """
    if not caller.may_see(body.desk):
        raise NotFoundError
    await set_rate(ctx, body.desk, currency, day, body.per_unit, caller.sub, cause)
    return await one_rate(ctx.core.db, body.desk, currency, day)
