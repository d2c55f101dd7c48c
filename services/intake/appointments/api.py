"""Routes of appointments: staff take the steps that playbooks take, by the same rules (S0.6, S0.9, S0.10)."""

from functools import partial
from uuid import UUID

from fastapi import Response

from libs.common.contracts import Cause
from libs.common.contracts.shared import AppointmentStep
from libs.common.platform.audit.shown import shows
from libs.common.platform.auth.principal import Principal
from libs.common.platform.http.etag import IfMatch, answering_stale, set_etag, set_location
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.language import Language
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from services.intake.appointments.actions import By, plan, take_step
from services.intake.appointments.queries import appointments_of_lead, get_appointment
from services.intake.appointments.rules import Wish
from services.intake.appointments.schemas import AppointmentIn, AppointmentView, Cancellation, Ending, Move
from services.intake.context import Context
from services.intake.deps import Chain, Crew, Ctx, Reader
from services.intake.leads.queries import get_lead

BY_HAND = "by hand"

router = api_router("/intake/v1/appointments", tags=["appointments"], route_class=IdempotentRoute)
under_lead = api_router(
    "/intake/v1/leads/{lead_id}/appointments", tags=["appointments"], route_class=IdempotentRoute
)


@under_lead.post("", operation_id="plan_appointment", status_code=201)
@refuses("already_planned")
@shows("lead:lead_id", "customer:customer_id")
async def post_appointment(
    lead_id: UUID, body: AppointmentIn, ctx: Ctx, caller: Crew, cause: Chain, response: Response
) -> AppointmentView:
    """Plan an appointment. 409 while another one of the lead is under way, 422 outside of the partner's hours."""
    lead = await get_lead(ctx.core.db, caller, lead_id, Language.EN)
    by = _by(caller, body.reason, cause)
    appointment_id = await plan(ctx, lead_id, lead.desk, body.wish(), by)
    set_location(response, router.prefix, appointment_id)
    return _shown(await get_appointment(ctx.core.db, appointment_id), response)


@under_lead.get("", operation_id="list_lead_appointments")
@shows("lead:lead_id", "customer:customer_id")
async def get_appointments(lead_id: UUID, ctx: Ctx, caller: Reader) -> Page[AppointmentView]:
    """List the appointments of a lead, the newest first."""
    lead = await get_lead(ctx.core.db, caller, lead_id, Language.EN)
    return Page(items=[*await appointments_of_lead(ctx.core.db, lead.id)])


@router.get("/{appointment_id}", operation_id="get_appointment")
@shows("lead:lead_id", "customer:customer_id")
async def get_one(appointment_id: UUID, ctx: Ctx, caller: Crew, response: Response) -> AppointmentView:
    """Return one appointment."""
    return _shown(await _readable(ctx, caller, appointment_id), response)


@router.post("/{appointment_id}/move", operation_id="move_appointment")
@refuses("appointment_over")
@shows("lead:lead_id", "customer:customer_id")
async def post_move(
    appointment_id: UUID, body: Move, ctx: Ctx, caller: Crew, cause: Chain, seen: IfMatch, response: Response
) -> AppointmentView:
    """Give an appointment another time."""
    return await _step(ctx, caller, appointment_id, seen, body.wish(), _by(caller, body.reason, cause), response)


@router.post("/{appointment_id}/cancel", operation_id="cancel_appointment")
@refuses("appointment_over")
@shows("lead:lead_id", "customer:customer_id")
async def post_cancel(
    appointment_id: UUID, body: Cancellation, ctx: Ctx, caller: Crew, cause: Chain, seen: IfMatch,
    response: Response,
) -> AppointmentView:  # fmt: skip
    """Cancel an appointment."""
    return await _step(ctx, caller, appointment_id, seen, body.wish(), _by(caller, body.reason, cause), response)


@router.post("/{appointment_id}/keep", operation_id="keep_appointment")
@refuses("appointment_over")
@shows("lead:lead_id", "customer:customer_id")
async def post_keep(
    appointment_id: UUID, body: Ending, ctx: Ctx, caller: Crew, cause: Chain, seen: IfMatch, response: Response
) -> AppointmentView:
    """Say that the customer came (S0.10)."""
    wish = Wish(AppointmentStep.KEPT)
    return await _step(ctx, caller, appointment_id, seen, wish, _by(caller, body.reason, cause), response)


@router.post("/{appointment_id}/miss", operation_id="miss_appointment")
@refuses("appointment_over")
@shows("lead:lead_id", "customer:customer_id")
async def post_miss(
    appointment_id: UUID, body: Ending, ctx: Ctx, caller: Crew, cause: Chain, seen: IfMatch, response: Response
) -> AppointmentView:
    """Say that the customer did not come (S0.10)."""
    wish = Wish(AppointmentStep.MISSED)
    return await _step(ctx, caller, appointment_id, seen, wish, _by(caller, body.reason, cause), response)


async def _step(
    ctx: Context, caller: Principal, appointment_id: UUID, version: int, wish: Wish, by: By, response: Response
) -> AppointmentView:
    current = await _readable(ctx, caller, appointment_id)
    async with answering_stale(partial(get_appointment, ctx.core.db, appointment_id)):
        await take_step(ctx, current, version, wish, by)
    return _shown(await get_appointment(ctx.core.db, appointment_id), response)


async def _readable(ctx: Context, caller: Principal, appointment_id: UUID) -> AppointmentView:
    """Return an appointment of a lead that the caller may read. Raises NotFoundError."""
    view = await get_appointment(ctx.core.db, appointment_id)
    await get_lead(ctx.core.db, caller, view.lead_id, Language.EN)
    return view


def _by(caller: Principal, reason: str | None, cause: Cause) -> By:
    return By(caller.sub, reason or BY_HAND, cause, cause.correlation_id)


def _shown(view: AppointmentView, response: Response) -> AppointmentView:
    set_etag(response, view.version)
    return view
