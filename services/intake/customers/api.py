"""Routes of customers."""

from uuid import UUID

from libs.common.platform.http.routes import api_router
from services.intake.customers.queries import get_customer
from services.intake.customers.schemas import CustomerView
from services.intake.deps import Ctx, Staff

router = api_router("/intake/v1/customers", tags=["customers"])


@router.get("/{customer_id}", operation_id="get_customer")
async def get_one(customer_id: UUID, ctx: Ctx, caller: Staff) -> CustomerView:
    """Return one customer with all their orders."""
    return await get_customer(ctx.core.db, caller, customer_id)
