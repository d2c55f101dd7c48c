"""Routes of partners."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from libs.common.domain.code import Code
from libs.common.platform.http.etag import IfMatch, answering_stale, set_etag, set_location
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from services.intake.deps import Chain, Ctx, Manager, Staff
from services.intake.errors import NotFoundError
from services.intake.partners.actions import change_partner, create_partner
from services.intake.partners.queries import PartnerFilter, get_partner, list_partners
from services.intake.partners.schemas import PartnerIn, PartnerPatch, PartnerView

router = api_router("/intake/v1/partners", tags=["partners"], route_class=IdempotentRoute)


@router.post("", operation_id="create_partner", status_code=201)
@refuses("already_exists", "not_found")
async def post_partner(body: PartnerIn, ctx: Ctx, caller: Manager, cause: Chain, response: Response) -> PartnerView:
    """Make a partner. A known code of the desk is 409 with the `existing` id."""
    if not caller.may_see(body.desk):
        raise NotFoundError
    partner_id = await create_partner(ctx, body, cause)
    view = await get_partner(ctx.core.db, caller, partner_id)
    set_etag(response, view.version)
    set_location(response, router.prefix, view.id)
    return view


@router.get("", operation_id="list_partners")
async def get_partners(
    ctx: Ctx,
    caller: Staff,
    asked: Paged,
    desk: Annotated[Code | None, Query()] = None,
    code: Annotated[Code | None, Query()] = None,
    active: bool | None = None,
    operator_id: UUID | None = None,
) -> Page[PartnerView]:
    """List partners in the order they were made."""
    return await list_partners(ctx.core.db, caller, PartnerFilter(desk, code, active, operator_id), asked)


@router.get("/{partner_id}", operation_id="get_partner")
async def get_one(partner_id: UUID, ctx: Ctx, caller: Staff, response: Response) -> PartnerView:
    """Return one partner."""
    view = await get_partner(ctx.core.db, caller, partner_id)
    set_etag(response, view.version)
    return view


@router.patch("/{partner_id}", operation_id="change_partner")
async def patch_partner(
    partner_id: UUID, body: PartnerPatch, ctx: Ctx, caller: Manager, cause: Chain, seen: IfMatch, response: Response
) -> PartnerView:
    """Change a partner's card."""
    current = await get_partner(ctx.core.db, caller, partner_id)
    async with answering_stale(partial(get_partner, ctx.core.db, caller, current.id)):
        await change_partner(ctx, partner_id, seen, body, cause)
    view = await get_partner(ctx.core.db, caller, partner_id)
    set_etag(response, view.version)
    return view
