"""Routes of addresses."""

from libs.common.platform.audit.shown import shows
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.routes import api_router
from services.notifications.addresses.queries import list_addresses
from services.notifications.addresses.schemas import Address
from services.notifications.deps import Ctx, Manager, desks_of

router = api_router("/notifications/v1/addresses", tags=["addresses"])


@router.get("", operation_id="list_addresses")
@shows()
async def addresses(
    ctx: Ctx, caller: Manager, asked: Paged, address: str | None = None, desk: str | None = None
) -> Page[Address]:
    """List the addresses of which something is known: opted out, or unreachable."""
    return (await list_addresses(ctx.core.db, desks_of(caller, desk), address, asked)).page(Address.model_validate)
