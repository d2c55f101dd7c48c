"""Routes of access to what was bought: to be closed, to be reset and sent again, done (S4.14, S4.20)."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from libs.common.contracts.shared import AccessStatus
from libs.common.domain.code import Code
from libs.common.platform.audit.shown import shows
from libs.common.platform.http.etag import IfMatch, answering_stale, set_etag, set_location
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from services.intake.accesses.actions import ask, finish
from services.intake.accesses.queries import AccessFilter, get_access, list_accesses
from services.intake.accesses.schemas import AccessDone, AccessIn, AccessView
from services.intake.deps import Chain, Crew, Ctx, Worker
from services.intake.payments.actions import By
from services.intake.payments.queries import order_of

BY_HAND = "by hand"

router = api_router("/intake/v1/accesses", tags=["accesses"], route_class=IdempotentRoute)
under_order = api_router("/intake/v1/orders/{order_id}/accesses", tags=["accesses"], route_class=IdempotentRoute)


@router.get("", operation_id="list_accesses")
@shows("lead:lead_id", "customer:customer_id")
async def get_accesses(
    ctx: Ctx,
    caller: Crew,
    asked: Paged,
    desk: Annotated[Code | None, Query()] = None,
    order_id: UUID | None = None,
    lead_id: UUID | None = None,
    customer_id: UUID | None = None,
    status: AccessStatus | None = None,
) -> Page[AccessView]:
    """List what is to be done to access, or was done, the newest first."""
    wanted = AccessFilter(desk, order_id, lead_id, customer_id, status)
    return await list_accesses(ctx.core.db, caller, wanted, asked)


@router.get("/{access_id}", operation_id="get_access")
@shows("lead:lead_id", "customer:customer_id")
async def get_one(access_id: UUID, ctx: Ctx, caller: Crew, response: Response) -> AccessView:
    """Return one of them."""
    view = await get_access(ctx.core.db, caller, access_id)
    set_etag(response, view.version)
    return view


@under_order.post("", operation_id="ask_access", status_code=201)
@shows("lead:lead_id", "customer:customer_id")
async def post_access(
    order_id: UUID, body: AccessIn, ctx: Ctx, caller: Worker, cause: Chain, response: Response
) -> AccessView:
    """Ask for something to be done to the access of an order; what is asked for twice is done once."""
    order = await order_of(ctx.core.db, caller, order_id)
    by = By(caller.sub, body.reason or BY_HAND, cause, cause.correlation_id)
    access_id = await ask(ctx, order.id, order.desk, body.action, by)
    set_location(response, router.prefix, access_id)
    view = await get_access(ctx.core.db, caller, access_id)
    set_etag(response, view.version)
    return view


@router.post("/{access_id}/done", operation_id="finish_access")
@refuses("out_of_turn")
@shows("lead:lead_id", "customer:customer_id")
async def post_done(
    access_id: UUID, body: AccessDone, ctx: Ctx, caller: Worker, cause: Chain, seen: IfMatch, response: Response
) -> AccessView:
    """Say that it is done where the platform keeps it."""
    known = await get_access(ctx.core.db, caller, access_id)
    by = By(caller.sub, body.reason or BY_HAND, cause, cause.correlation_id)
    async with answering_stale(partial(get_access, ctx.core.db, caller, access_id)):
        await finish(ctx, known, seen, by)
    view = await get_access(ctx.core.db, caller, access_id)
    set_etag(response, view.version)
    return view
