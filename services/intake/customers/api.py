"""Routes of customers."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from libs.common.domain.code import Code
from libs.common.platform.http.pagination import Ids, Page, Paged
from libs.common.platform.http.routes import api_router
from libs.common.platform.http.wire import Moment
from services.intake.customers.queries import CustomerFilter, get_customer, list_customers
from services.intake.customers.schemas import CustomerItem, CustomerView
from services.intake.deps import Ctx, Staff

router = api_router("/intake/v1/customers", tags=["customers"])


@router.get("", operation_id="list_customers")
async def get_customers(
    ctx: Ctx,
    caller: Staff,
    asked: Paged,
    desk: Annotated[Code | None, Query()] = None,
    created_from: Moment | None = None,
    created_to: Moment | None = None,
    q: Annotated[str | None, Query(max_length=200, description="what finds one of their leads")] = None,
    ids: Ids = None,
) -> Page[CustomerItem]:
    """List customers, the newest first; an operator sees those of their leads and of leads that have no owner."""
    wanted = CustomerFilter(desk, created_from, created_to, q, ids)
    return await list_customers(ctx.core.db, caller, wanted, asked)


@router.get("/{customer_id}", operation_id="get_customer")
async def get_one(customer_id: UUID, ctx: Ctx, caller: Staff) -> CustomerView:
    """Return one customer with all their orders."""
    return await get_customer(ctx.core.db, caller, customer_id)
