"""Routes of a source's account at its school (S4.1, S4.8)."""

from uuid import UUID

from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from services.intake.deps import Admin, Ctx
from services.intake.schools.actions import set_school
from services.intake.schools.queries import get_school, see_source
from services.intake.schools.schemas import SchoolIn, SchoolView

router = api_router("/intake/v1/sources/{source_id}/school", tags=["sources"], route_class=IdempotentRoute)


@router.get("", operation_id="get_school")
@refuses("not_found")
async def get_one(source_id: UUID, ctx: Ctx, caller: Admin) -> SchoolView:
    """Return the account whose orders the source brings, without its key."""
    return await get_school(ctx, caller, source_id)


@router.put("", operation_id="set_school")
@refuses("not_found", "validation_failed")
async def put_one(source_id: UUID, body: SchoolIn, ctx: Ctx, caller: Admin) -> SchoolView:
    """Keep the account. Its orders are checked at once, and those that waited for it are made there."""
    await see_source(ctx, caller, source_id)
    await set_school(ctx, source_id, body, caller.sub)
    return await get_school(ctx, caller, source_id)
