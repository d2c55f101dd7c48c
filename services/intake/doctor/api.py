"""The route of the form doctor."""

from uuid import UUID

from starlette.requests import Request

from libs.common.platform.audit.shown import shows
from libs.common.platform.http.routes import api_router
from services.intake.deps import Admin, Ctx
from services.intake.doctor.queries import examine
from services.intake.doctor.schemas import DoctorView
from services.intake.sources.queries import get_source

router = api_router("/intake/v1/sources", tags=["sources"])


@router.get("/{source_id}/doctor", operation_id="examine_source")
@shows("source:source_id", "delivery:deliveries.delivery.id", "lead:deliveries.delivery.facts.lead_id")
async def get_doctor(source_id: UUID, request: Request, ctx: Ctx, caller: Admin) -> DoctorView:
    """Examine a source: its last deliveries as they came and as they are understood, how to mend them, its days."""
    await get_source(ctx.core.db, caller, source_id)
    return await examine(ctx.core, source_id, str(request.base_url).rstrip("/"))
