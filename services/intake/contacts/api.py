"""Routes of contacts: recorded by hand or by an integration, listed for a lead or a desk."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from libs.common.contracts.shared import ContactKind
from libs.common.domain.code import Code
from libs.common.platform.audit.shown import shows
from libs.common.platform.http.etag import set_etag, set_location
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from services.intake.contacts.actions import record_contact
from services.intake.contacts.queries import ContactFilter, get_contact, list_contacts
from services.intake.contacts.schemas import ContactIn, ContactView, RecordedContact
from services.intake.deliveries.rules import Disposition
from services.intake.deps import Chain, Ctx, Overseer, Reader
from services.intake.errors import NotFoundError

router = api_router("/intake/v1/contacts", tags=["contacts"], route_class=IdempotentRoute)


@router.post("", operation_id="record_contact", status_code=201, responses={200: {"model": RecordedContact}})
@refuses("not_found")
@shows("contact:id", "lead:lead_id", "customer:customer_id")
async def post_contact(
    body: ContactIn, ctx: Ctx, caller: Overseer, cause: Chain, response: Response
) -> RecordedContact:
    """Record a call or a message; one that is known already is answered 200."""
    if not caller.may_see(body.desk):
        raise NotFoundError
    recorded = await record_contact(ctx, body.desk, body.source, body.said(), cause)
    if recorded.disposition is Disposition.REPEAT:
        response.status_code = 200
    view = await get_contact(ctx.core.db, caller, recorded.contact_id)
    set_etag(response, view.version)
    set_location(response, router.prefix, view.id)
    return RecordedContact(**view.model_dump(), disposition=recorded.disposition)


@router.get("", operation_id="list_contacts")
@shows("contact:id", "lead:lead_id", "customer:customer_id")
async def get_contacts(
    ctx: Ctx,
    caller: Reader,
    asked: Paged,
    desk: Annotated[Code | None, Query()] = None,
    kind: ContactKind | None = None,
    lead_id: UUID | None = None,
    customer_id: UUID | None = None,
    of_no_lead: bool | None = None,
) -> Page[ContactView]:
    """List contacts, the newest first; an operator sees those of their leads and of leads that have no owner.

    A partner with leave to listen sees the calls of their own leads that have a recording, without the number.
    """
    wanted = ContactFilter(desk, kind, lead_id, customer_id, of_no_lead)
    return await list_contacts(ctx.core.db, caller, wanted, asked)


@router.get("/{contact_id}", operation_id="get_contact")
@shows("contact:id", "lead:lead_id", "customer:customer_id")
async def get_one(contact_id: UUID, ctx: Ctx, caller: Reader) -> ContactView:
    """Return one contact."""
    return await get_contact(ctx.core.db, caller, contact_id)
