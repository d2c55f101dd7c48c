"""Routes of wishes."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from libs.common.domain.code import Code
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from services.assignment.deps import Attendant, Ctx, People
from services.assignment.wishes.actions import set_wishes
from services.assignment.wishes.queries import list_wishes, wishes_of
from services.assignment.wishes.schemas import Month, WishesIn, WishesView, WishView, first_day

router = api_router("/assignment/v1/wishes", tags=["schedule"], route_class=IdempotentRoute)


@router.get("", operation_id="list_wishes")
async def get_many(
    ctx: Ctx,
    caller: People,
    page: Paged,
    desk: Annotated[Code | None, Query()] = None,
    operator_id: Annotated[UUID | None, Query()] = None,
    month: Annotated[Month | None, Query(description="of this month")] = None,
) -> Page[WishView]:
    """List on which days operators would like to work which shifts, and on which they cannot; their own to them."""
    of = None if month is None else first_day(month)
    return await list_wishes(ctx.db, caller, desk, operator_id, of, page)


@router.put("", operation_id="set_wishes")
@refuses("no_operator", "not_found", "not_known_yet", "validation_failed")
async def put_wishes(body: WishesIn, ctx: Ctx, caller: Attendant) -> WishesView:
    """Say all that an operator wishes of a month; what was said of it before, and is not past, is forgotten."""
    wished = body.command()
    operator_id = await set_wishes(ctx, caller, wished)
    return await wishes_of(ctx.db, operator_id, wished.desk, wished.month)
