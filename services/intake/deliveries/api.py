"""Routes of deliveries: the list, the quarantine, the rerun."""

from collections import Counter
from typing import Annotated
from uuid import UUID

from fastapi import Query

from libs.common.domain.code import Code
from libs.common.platform.audit.shown import shows
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.routes import api_router
from libs.common.platform.http.wire import Moment
from libs.common.platform.telemetry.tracing import current_traceparent
from services.intake.deliveries.actions import rerun
from services.intake.deliveries.queries import DeliveryFilter, get_delivery, list_deliveries, to_rerun
from services.intake.deliveries.rules import DeliveryKind, Disposition
from services.intake.deliveries.schemas import DeliveryView, RawDelivery, RerunIn, RerunView
from services.intake.deps import Ctx, Manager

router = api_router("/intake/v1/deliveries", tags=["deliveries"], route_class=IdempotentRoute)
reruns = api_router("/intake/v1/reruns", tags=["deliveries"], route_class=IdempotentRoute)


@router.get("", operation_id="list_deliveries")
async def get_deliveries(
    ctx: Ctx,
    caller: Manager,
    asked: Paged,
    disposition: Disposition | None = None,
    kind: DeliveryKind | None = None,
    desk: Annotated[Code | None, Query()] = None,
    source: Annotated[Code | None, Query()] = None,
    received_from: Moment | None = None,
    received_to: Moment | None = None,
    partly: Annotated[bool | None, Query(description="whether a part of it could not be taken")] = None,
) -> Page[DeliveryView]:
    """List deliveries, the newest first; `disposition=quarantined` is the quarantine."""
    wanted = DeliveryFilter(disposition, kind, desk, source, received_from, received_to, partly)
    return await list_deliveries(ctx.core.db, caller, wanted, asked)


@router.get("/{delivery_id}", operation_id="get_delivery")
@shows("delivery:id", "lead:facts.lead_id")
async def get_one(delivery_id: UUID, ctx: Ctx, caller: Manager) -> RawDelivery:
    """Return one delivery, raw as received."""
    return await get_delivery(ctx.core.db, caller, delivery_id)


@reruns.post("", operation_id="rerun_deliveries")
async def post_reruns(body: RerunIn, ctx: Ctx, caller: Manager) -> RerunView:
    """Read deliveries again by today's rules and their sources' present settings, up to `limit`: the quarantine's.

    With `disposition` `accepted`: those that are leads already, which get what is read of their persons by now.
    """
    chosen = await to_rerun(ctx.core.db, caller, body)
    found = Counter([await rerun(ctx, each, current_traceparent()) for each in chosen])
    more = chosen[-1] if len(chosen) == body.limit else None
    return RerunView(read=len(chosen), by_disposition=dict(found), next=more)


@router.post("/{delivery_id}/rerun", operation_id="rerun_delivery")
@shows("delivery:id", "lead:facts.lead_id")
async def post_rerun(delivery_id: UUID, ctx: Ctx, caller: Manager) -> RawDelivery:
    """Read a delivery again by its source's present settings.

    One that was accepted gives its lead the name, phone and e-mail that it lacks and that are read by now; it notes
    what it has `added`, and all else stays.
    """
    await get_delivery(ctx.core.db, caller, delivery_id)
    await rerun(ctx, delivery_id, current_traceparent())
    return await get_delivery(ctx.core.db, caller, delivery_id)
