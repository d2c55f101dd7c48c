"""Routes of customers."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from libs.common.domain.code import Code
from libs.common.platform.audit.shown import shows
from libs.common.platform.auth.principal import Principal
from libs.common.platform.http.etag import IfMatch, answering_stale, set_etag
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.paging import Ids, Paged
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from libs.common.platform.http.wire import Moment
from services.intake.context import Context
from services.intake.customers.actions import attach, detach, place
from services.intake.customers.queries import CustomerFilter, get_customer, list_customers, list_identity_changes
from services.intake.customers.schemas import (
    CustomerItem,
    CustomerPatch,
    CustomerView,
    IdentityChange,
    IdentityChangeView,
    NewIdentity,
)
from services.intake.customers.store import By
from services.intake.deps import Chain, Crew, Ctx
from services.intake.errors import IdentityTakenError, NotFoundError

BY_ADDRESS = "zone of the address"

router = api_router("/intake/v1/customers", tags=["customers"], route_class=IdempotentRoute)


@router.get("", operation_id="list_customers")
@shows("customer:id")
async def get_customers(
    ctx: Ctx,
    caller: Crew,
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
@shows("customer:id")
async def get_one(customer_id: UUID, ctx: Ctx, caller: Crew, response: Response) -> CustomerView:
    """Return one customer with all their orders."""
    view = await get_customer(ctx.core.db, caller, customer_id)
    set_etag(response, view.version)
    return view


@router.patch("/{customer_id}", operation_id="change_customer")
@shows("customer:id")
async def patch_customer(
    customer_id: UUID, body: CustomerPatch, ctx: Ctx, caller: Crew, cause: Chain, seen: IfMatch, response: Response
) -> CustomerView:
    """Say in which zone the customer's address is, or that it is not known (null); leads under way have it too."""
    current = await get_customer(ctx.core.db, caller, customer_id)
    by = By(caller.sub, BY_ADDRESS, cause.correlation_id)
    async with answering_stale(partial(get_customer, ctx.core.db, caller, current.id)):
        await place(ctx, current.desk, current.id, seen, body.zone, by, cause)
    return await get_one(current.id, ctx, caller, response)


@router.post("/{customer_id}/identities", operation_id="attach_identity")
@refuses("identity_taken")
@shows("customer:id")
async def post_identity(
    customer_id: UUID, body: NewIdentity, ctx: Ctx, caller: Crew, cause: Chain, response: Response
) -> CustomerView:
    """Attach what the customer is known by: a second phone, an address, a channel's id (P.13).

    Their leads under way learn of it what they lack. 409 names who has it, to whom may see them: these two are
    to be merged.
    """
    seen = await get_customer(ctx.core.db, caller, customer_id)
    try:
        await attach(ctx, seen.desk, seen.id, body.known, caller.sub, body.reason, cause)
    except IdentityTakenError as error:
        raise IdentityTakenError(error.customer_id, shown=await _may_see(ctx, caller, error.customer_id)) from None
    return await get_one(seen.id, ctx, caller, response)


@router.post("/{customer_id}/identities/detach", operation_id="detach_identity")
@refuses("not_found")
@shows("customer:id")
async def post_detach(
    customer_id: UUID, body: IdentityChange, ctx: Ctx, caller: Crew, cause: Chain, response: Response
) -> CustomerView:
    """Detach what is not the customer's; leads under way that name it get the next that they have, or none."""
    seen = await get_customer(ctx.core.db, caller, customer_id)
    await detach(ctx, seen.desk, seen.id, body.known, caller.sub, body.reason, cause)
    return await get_one(seen.id, ctx, caller, response)


@router.get("/{customer_id}/identities/history", operation_id="list_identity_changes")
@shows("customer:customer_id")
async def get_identity_changes(customer_id: UUID, ctx: Ctx, caller: Crew, asked: Paged) -> Page[IdentityChangeView]:
    """Return what was attached and detached: who, when, why. What a first order said has no line."""
    return await list_identity_changes(ctx.core.db, caller, customer_id, asked)


async def _may_see(ctx: Context, caller: Principal, customer_id: UUID) -> bool:
    try:
        await get_customer(ctx.core.db, caller, customer_id)
    except NotFoundError:
        return False
    return True
