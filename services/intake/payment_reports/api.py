"""Route of payments that schools are informed of (S4.9)."""

from uuid import UUID

from fastapi import Response

from libs.common.platform.audit.shown import shows
from libs.common.platform.http.etag import set_etag
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from libs.common.platform.telemetry.tracing import current_traceparent
from services.intake.deps import Ctx, Worker
from services.intake.payment_reports.actions import take_step
from services.intake.payment_reports.schemas import PaymentReportStep
from services.intake.payments.queries import get_payment, require_payer
from services.intake.payments.schemas import PaymentView

router = api_router("/intake/v1/payments/{payment_id}/report", tags=["payments"], route_class=IdempotentRoute)


@router.post("", operation_id="report_payment")
@refuses("out_of_turn")
@shows("lead:lead_id", "customer:customer_id")
async def post_step(
    payment_id: UUID, body: PaymentReportStep, ctx: Ctx, caller: Worker, response: Response
) -> PaymentView:
    """Let the school be informed of a payment again, or say that a person has entered it there, or deleted it.

    For supervisors, and operators with the role `payments`. 409 while it is under way, and once the school knows.
    """
    known = await get_payment(ctx.core.db, caller, payment_id)
    await require_payer(ctx.core.db, caller)
    await take_step(ctx, payment_id, known.desk, body.step, current_traceparent())
    view = await get_payment(ctx.core.db, caller, payment_id)
    set_etag(response, view.version)
    return view
