"""Routes of the schedule."""

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
from services.assignment.deps import Attendant, Ctx, Lang, Manager, People
from services.assignment.lateness.actions import announce_lateness
from services.assignment.lateness.schemas import LateReasonIn
from services.assignment.schedule.actions import cancel_shift, plan_shift
from services.assignment.schedule.board import read_board
from services.assignment.schedule.queries import get_planned_shift, list_schedule
from services.assignment.schedule.rules import PlanState
from services.assignment.schedule.schemas import BoardView, PlannedShiftIn, PlannedShiftView
from services.assignment.spans import SpanFilter
from services.assignment.wishes.schemas import Month, first_day

router = api_router("/assignment/v1/schedule", tags=["schedule"], route_class=IdempotentRoute)


@router.get("", operation_id="list_schedule")
async def get_schedule(
    ctx: Ctx,
    caller: People,
    lang: Lang,
    page: Paged,
    desk: Annotated[Code | None, Query()] = None,
    operator_id: Annotated[UUID | None, Query()] = None,
    since: Annotated[Moment | None, Query(description="shifts that end later")] = None,
    until: Annotated[Moment | None, Query(description="shifts that begin earlier")] = None,
    state: Annotated[PlanState | None, Query()] = None,
) -> Page[PlannedShiftView]:
    """List planned shifts by their start, with who is there and who is missing; operators see their own."""
    return await list_schedule(ctx.db, caller, SpanFilter(desk, operator_id, since, until, state), page, lang)


@router.post("", operation_id="plan_shift", status_code=201)
@refuses("not_found", "not_known_yet", "validation_failed")
async def post_shift(
    body: PlannedShiftIn, ctx: Ctx, caller: Manager, lang: Lang, response: Response
) -> PlannedShiftView:
    """Plan a shift beside those of the week; one that was cancelled is planned again."""
    planned_id = await plan_shift(ctx, caller, body.asked())
    view = await get_planned_shift(ctx.db, caller, planned_id, lang)
    set_location(response, router.prefix, view.id)
    set_etag(response, view.version)
    return view


@router.get("/month", operation_id="get_schedule_board")
@refuses("not_found", "not_known_yet")
async def get_board(
    ctx: Ctx,
    caller: People,
    desk: Annotated[Code, Query(description="whose month")],
    month: Annotated[Month, Query(description="the month, such as `2026-12`")],
) -> BoardView:
    """Return who is planned, was there, was late and is absent on each day of a month; operators see their own."""
    return await read_board(ctx.db, caller, desk, first_day(month))


@router.get("/{planned_id}", operation_id="get_planned_shift")
async def get_one(planned_id: UUID, ctx: Ctx, caller: People, lang: Lang, response: Response) -> PlannedShiftView:
    """Return a planned shift."""
    view = await get_planned_shift(ctx.db, caller, planned_id, lang)
    set_etag(response, view.version)
    return view


@router.post("/{planned_id}/cancel", operation_id="cancel_shift")
@refuses("shift_over")
async def post_cancel(
    planned_id: UUID, seen: IfMatch, ctx: Ctx, caller: Manager, lang: Lang, response: Response
) -> PlannedShiftView:
    """Cancel a shift that has not ended: a day off, an illness. The week does not plan it again."""
    async with answering_stale(partial(get_planned_shift, ctx.db, caller, planned_id, lang)):
        await cancel_shift(ctx, caller, planned_id, seen)
    view = await get_planned_shift(ctx.db, caller, planned_id, lang)
    set_etag(response, view.version)
    return view


@router.post("/{planned_id}/late", operation_id="announce_lateness")
@refuses("shift_begun")
async def post_late(
    planned_id: UUID, seen: IfMatch, body: LateReasonIn, ctx: Ctx, caller: Attendant, lang: Lang, response: Response
) -> PlannedShiftView:
    """Announce before a shift begins that its operator will be late, which excuses it; later 409 `shift_begun`."""
    async with answering_stale(partial(get_planned_shift, ctx.db, caller, planned_id, lang)):
        await announce_lateness(ctx, caller, planned_id, seen, body.reason)
    view = await get_planned_shift(ctx.db, caller, planned_id, lang)
    set_etag(response, view.version)
    return view
