"""Routes of absences."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from libs.common.domain.code import Code
from libs.common.platform.http.etag import IfMatch, answering_stale, set_etag, set_location
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from libs.common.platform.http.wire import Moment
from services.assignment.absences.actions import cancel_absence, plan_absence
from services.assignment.absences.queries import get_absence, list_absences
from services.assignment.absences.rules import AbsenceState
from services.assignment.absences.schemas import AbsenceIn, AbsenceView
from services.assignment.deps import Ctx, Manager, People
from services.assignment.spans import SpanFilter

router = api_router("/assignment/v1/absences", tags=["schedule"], route_class=IdempotentRoute)


@router.get("", operation_id="list_absences")
async def get_absences(
    ctx: Ctx,
    caller: People,
    page: Paged,
    desk: Annotated[Code | None, Query()] = None,
    operator_id: Annotated[UUID | None, Query()] = None,
    since: Annotated[Moment | None, Query(description="absences that end later")] = None,
    until: Annotated[Moment | None, Query(description="absences that begin earlier")] = None,
    state: Annotated[AbsenceState | None, Query()] = None,
) -> Page[AbsenceView]:
    """List planned absences by their start; operators see their own, and those in which they deputise."""
    return await list_absences(ctx.db, caller, SpanFilter(desk, operator_id, since, until, state), page)


@router.post("", operation_id="plan_absence", status_code=201)
@refuses("absence_overlaps", "not_found", "validation_failed")
async def post_absence(body: AbsenceIn, ctx: Ctx, caller: Manager, response: Response) -> AbsenceView:
    """Plan an absence: its operator is offered nothing meanwhile, is not reported as missing, and has a deputy.

    What is due of theirs until it ends, and new work that is theirs by their leads, goes to the deputy if they are
    there, else to the pool. The leads stay the operator's; what others have not begun goes back when they come.
    """
    absence_id = await plan_absence(ctx, caller, body.asked())
    view = await get_absence(ctx.db, caller, absence_id)
    set_location(response, router.prefix, view.id)
    set_etag(response, view.version)
    return view


@router.get("/{absence_id}", operation_id="get_absence")
async def get_one(absence_id: UUID, ctx: Ctx, caller: People, response: Response) -> AbsenceView:
    """Return a planned absence."""
    view = await get_absence(ctx.db, caller, absence_id)
    set_etag(response, view.version)
    return view


@router.post("/{absence_id}/cancel", operation_id="cancel_absence")
@refuses("absence_over")
async def post_cancel(
    absence_id: UUID, seen: IfMatch, ctx: Ctx, caller: Manager, response: Response
) -> AbsenceView:
    """Cancel an absence that is not over; one under way ends within seconds, and what is not begun goes back."""
    async with answering_stale(partial(get_absence, ctx.db, caller, absence_id)):
        await cancel_absence(ctx, caller, absence_id, seen)
    view = await get_absence(ctx.db, caller, absence_id)
    set_etag(response, view.version)
    return view
