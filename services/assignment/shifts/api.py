"""Routes of presence: check-in, check-out, pause, away, heartbeat; and of shifts."""

from typing import Annotated
from uuid import UUID

from fastapi import Body, Query

from libs.common.domain.code import Code
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from services.assignment.deps import Attendant, Chain, Ctx, Myself, People
from services.assignment.operators.queries import get_operator
from services.assignment.operators.schemas import OperatorView
from services.assignment.shifts.actions import change_presence, check_out_operator, end_after_call, hear
from services.assignment.shifts.queries import Filter, list_shifts
from services.assignment.shifts.rules import PresenceCommand
from services.assignment.shifts.schemas import CheckOutIn, PauseIn, PresenceIn, ShiftView

router = api_router("/assignment/v1", tags=["presence"], route_class=IdempotentRoute)

Whose = Annotated[PresenceIn, Body()]
Left = Annotated[CheckOutIn, Body()]
Paused = Annotated[PauseIn, Body()]
_OWN, _OWN_PAUSE, _LEAVE = PresenceIn(), PauseIn(), CheckOutIn()


@router.post("/check-in", operation_id="check_in")
@refuses("no_operator", "not_found", "operator_inactive")
async def check_in(ctx: Ctx, caller: Attendant, cause: Chain, body: Whose = _OWN) -> OperatorView:
    """Start or resume a shift; waiting work is proposed at once, within capacity."""
    operator_id = await change_presence(ctx, caller, PresenceCommand.CHECK_IN, body.operator_id, cause)
    return await get_operator(ctx.db, caller, operator_id)


@router.post("/check-out", operation_id="check_out")
@refuses("handover_due", "no_operator", "not_found", "validation_failed")
async def check_out(ctx: Ctx, caller: Attendant, cause: Chain, body: Left = _LEAVE) -> OperatorView:
    """End a shift. Tasks that were not taken go to others at once; taken ones follow the rule of their pool.

    Where the desk hands over (`attendance.handover` of a desk file), nobody but the last of the day leaves before
    one of the next shift is here, and open conversations are finished or go to `heir_id`. 409 `handover_due` names
    all that is left to do; a supervisor lets them go with `override`.
    """
    operator_id = await check_out_operator(ctx, caller, body.operator_id, body.leave(), cause)
    return await get_operator(ctx.db, caller, operator_id)


@router.post("/pause", operation_id="pause_work")
@refuses("no_operator", "not_found", "not_on_shift", "validation_failed")
async def pause(ctx: Ctx, caller: Attendant, cause: Chain, body: Paused = _OWN_PAUSE) -> OperatorView:
    """Take no new work until the next check-in; 409 `not_on_shift` without a shift. Boards show the reason.

    It is one of the desk's (`GET /assignment/v1/pause-reasons`), where those are named, else in one's own words. A
    pause over its limit waits for the supervisors until it ends.
    """
    operator_id = await change_presence(ctx, caller, PresenceCommand.PAUSE, body.operator_id, cause, body.reason)
    return await get_operator(ctx.db, caller, operator_id)


@router.post("/me/away", operation_id="go_away")
@refuses("no_operator", "not_found", "not_on_shift")
async def away(ctx: Ctx, caller: Myself, cause: Chain) -> OperatorView:
    """Be away until `back`, with tasks that were not taken going to others; 409 `not_on_shift` without a shift."""
    operator_id = await change_presence(ctx, caller, PresenceCommand.AWAY, None, cause)
    return await get_operator(ctx.db, caller, operator_id)


@router.post("/me/back", operation_id="come_back")
@refuses("no_operator", "not_found", "not_on_shift")
async def back(ctx: Ctx, caller: Myself, cause: Chain) -> OperatorView:
    """Be back; 409 `not_on_shift` without a shift."""
    operator_id = await change_presence(ctx, caller, PresenceCommand.BACK, None, cause)
    return await get_operator(ctx.db, caller, operator_id)


@router.post("/me/heartbeat", operation_id="send_heartbeat")
@refuses("no_operator", "not_found")
async def heartbeat(ctx: Ctx, caller: Myself, cause: Chain) -> OperatorView:
    """Say that the caller is there, every half minute while their screen is open.

    After the first one of a shift an operator is away once they stay out for as long as a pool of theirs says, and
    back with the next one. Off shift nothing changes.
    """
    return await get_operator(ctx.db, caller, await hear(ctx, caller, cause))


@router.post("/me/ready", operation_id="end_after_call")
@refuses("no_operator", "not_found")
async def ready(ctx: Ctx, caller: Myself) -> OperatorView:
    """End the work after a call before its time is over; what waits is proposed at once, within capacity."""
    return await get_operator(ctx.db, caller, await end_after_call(ctx, caller))


@router.get("/shifts", operation_id="list_shifts")
async def get_shifts(
    ctx: Ctx,
    caller: People,
    page: Paged,
    operator_id: Annotated[UUID | None, Query()] = None,
    desk: Annotated[Code | None, Query(description="of operators who work there")] = None,
    lasting: Annotated[bool | None, Query(alias="open", description="whether the shift lasts")] = None,
) -> Page[ShiftView]:
    """List shifts, the latest first; operators see their own."""
    return await list_shifts(ctx.db, caller, Filter(operator_id, desk, lasting), page)
