"""Routes of erasures and of the export of all that is known of a customer (P.7)."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from libs.common.domain.code import Code
from libs.common.platform.audit.shown import shows
from libs.common.platform.erasure.export import ExportedTable, exported
from libs.common.platform.http.etag import set_location
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from services.intake.customers.queries import get_customer
from services.intake.deps import Admin, Chain, Ctx
from services.intake.erasures.actions import erase
from services.intake.erasures.export import EXPORTED, SEALED, ids_of
from services.intake.erasures.queries import get_erasure, list_erasures
from services.intake.erasures.schemas import ErasureIn, ErasureView

router = api_router("/intake/v1/erasures", tags=["erasures"])
of_customer = api_router("/intake/v1/customers", tags=["erasures"], route_class=IdempotentRoute)


@of_customer.post("/{customer_id}/erasure", operation_id="erase_customer", status_code=202)
@refuses("not_found")
async def post_erasure(
    customer_id: UUID, body: ErasureIn, ctx: Ctx, caller: Admin, cause: Chain, response: Response
) -> ErasureView:
    """Erase a customer at all services: it cannot be taken back. `Location` is where it is followed.

    Who is erased already is answered with their erasure. What they send later is of a new customer.
    """
    them = await get_customer(ctx.core.db, caller, customer_id)
    erasure_id = await erase(ctx, them.id, body.reason, caller.sub, cause)
    set_location(response, router.prefix, erasure_id)
    return await get_erasure(ctx.core.db, caller, erasure_id)


@of_customer.get("/{customer_id}/export", operation_id="export_customer")
@shows("customer:customer_id")
async def get_export(customer_id: UUID, ctx: Ctx, caller: Admin) -> list[ExportedTable]:
    """Return all that intake keeps of a customer; tasks and notifications have a part of their own."""
    them = await get_customer(ctx.core.db, caller, customer_id)
    return await exported(ctx.core.db, EXPORTED, await ids_of(ctx.core.db, them.id), caller, SEALED)


@router.get("", operation_id="list_erasures")
async def get_erasures(
    ctx: Ctx,
    caller: Admin,
    asked: Paged,
    desk: Annotated[Code | None, Query()] = None,
    customer_id: UUID | None = None,
) -> Page[ErasureView]:
    """List erasures, the latest first."""
    return await list_erasures(ctx.core.db, caller, desk, customer_id, asked)


@router.get("/{erasure_id}", operation_id="get_erasure")
async def get_one(erasure_id: UUID, ctx: Ctx, caller: Admin) -> ErasureView:
    """Say what each service has erased, and whether anything may be left."""
    return await get_erasure(ctx.core.db, caller, erasure_id)
