"""Routes of consents: why a customer may be contacted, what they withdrew, and the desk's black list (P.14)."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from libs.common.contracts.shared import Purpose
from libs.common.domain.code import Code
from libs.common.platform.audit.shown import shows
from libs.common.platform.http.etag import set_location
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from libs.common.platform.http.wire import Moment
from libs.common.platform.ids import uuid7
from services.intake.consents.actions import enter, lift, record
from services.intake.consents.queries import (
    get_consent,
    get_entry,
    get_ground,
    list_black_list,
    list_consents,
    list_grounds,
)
from services.intake.consents.rules import ConsentStep, purposes_of
from services.intake.consents.schemas import (
    BlackListEntry,
    BlackListIn,
    BlackListLift,
    ConsentIn,
    ConsentView,
    GroundedContact,
    GroundView,
    WithdrawalIn,
)
from services.intake.consents.store import NewStep
from services.intake.customers.queries import get_customer
from services.intake.deps import Chain, Crew, Ctx, Manager
from services.intake.errors import InTheFutureError, NotFoundError

router = api_router("/intake/v1/customers", tags=["consents"], route_class=IdempotentRoute)
black_list = api_router("/intake/v1/black-list", tags=["consents"], route_class=IdempotentRoute)


@router.get("/{customer_id}/consents", operation_id="list_consents")
@shows("customer:customer_id")
async def get_consents(customer_id: UUID, ctx: Ctx, caller: Crew, asked: Paged) -> Page[ConsentView]:
    """Return why the customer may be contacted and what they withdrew, the latest first; no line ever changes."""
    return await list_consents(ctx.core.db, caller, customer_id, asked)


@router.post("/{customer_id}/consents", operation_id="give_consent", status_code=201)
@shows("customer:customer_id")
async def post_consent(
    customer_id: UUID, body: ConsentIn, ctx: Ctx, caller: Crew, cause: Chain, response: Response
) -> ConsentView:
    """Record by what the customer may be contacted. It opens again what they withdrew before, for what it names."""
    seen = await get_customer(ctx.core.db, caller, customer_id)
    new = NewStep(
        uuid7(), ConsentStep.GIVEN, body.purposes, _past(body.at, ctx.core.clock.now()), body.reason, body.kind,
        body.document, body.document_version, body.source, body.delivery_id,
    )  # fmt: skip
    await record(ctx, seen.desk, seen.id, new, caller.sub, cause)
    set_location(response, f"{router.prefix}/{seen.id}", "consents")
    return await get_consent(ctx.core.db, seen.id, new.id)


@router.post("/{customer_id}/withdrawals", operation_id="withdraw_consent", status_code=201)
@shows("customer:customer_id")
async def post_withdrawal(
    customer_id: UUID, body: WithdrawalIn, ctx: Ctx, caller: Crew, cause: Chain, response: Response
) -> ConsentView:
    """Record that the customer withdrew: all, advertisements by every channel, or calls alone.

    What waits to be sent or dialled is stopped. Leads under way bear `do_not_call` once calls are withdrawn.
    """
    seen = await get_customer(ctx.core.db, caller, customer_id)
    at = _past(body.at, ctx.core.clock.now())
    new = NewStep(uuid7(), ConsentStep.WITHDRAWN, purposes_of(body.what), at, body.reason)
    await record(ctx, seen.desk, seen.id, new, caller.sub, cause)
    set_location(response, f"{router.prefix}/{seen.id}", "consents")
    return await get_consent(ctx.core.db, seen.id, new.id)


@router.get("/{customer_id}/grounds", operation_id="list_grounds")
@shows("customer:customer_id")
async def get_grounds(customer_id: UUID, ctx: Ctx, caller: Crew, asked: Paged) -> Page[GroundedContact]:
    """Return each call and message to the customer with why it was allowed: form, text and version, contract.

    Messages are those that intake has as contacts; those of playbooks are notifications' own: see `…/ground`.
    """
    return await list_grounds(ctx.core.db, caller, customer_id, asked)


@router.get("/{customer_id}/ground", operation_id="get_ground")
@shows("customer:customer_id")
async def get_one_ground(
    customer_id: UUID,
    ctx: Ctx,
    caller: Crew,
    purpose: Annotated[Purpose, Query(description="for what they were contacted")] = Purpose.TRANSACTIONAL,
    at: Annotated[Moment | None, Query(description="when they were; without it, now")] = None,
    lead_id: Annotated[UUID | None, Query(description="for which lead")] = None,
) -> GroundView:
    """Return why the customer could be contacted for a purpose at a moment: the ground of any message to them."""
    return await get_ground(ctx.core.db, caller, customer_id, purpose, at or ctx.core.clock.now(), lead_id)


@black_list.get("", operation_id="list_black_list")
@shows()
async def get_black_list(
    ctx: Ctx,
    caller: Manager,
    asked: Paged,
    desk: Annotated[Code | None, Query()] = None,
    value: Annotated[str | None, Query(max_length=200, description="only this identity, as it is stored")] = None,
) -> Page[BlackListEntry]:
    """List whom the desk neither calls nor writes to, the newest entries first; lifted ones stay."""
    return await list_black_list(ctx.core.db, caller, desk, value, asked)


@black_list.post("", operation_id="put_on_black_list", status_code=201)
@refuses("already_exists", "not_found")
@shows()
async def post_entry(
    body: BlackListIn, ctx: Ctx, caller: Manager, cause: Chain, response: Response
) -> BlackListEntry:
    """Put an identity on the black list: whose it is is neither called nor written to, nor is who has it later.

    A later lead of theirs is stored as any other, and bears `do_not_call`.
    """
    if not caller.may_see(body.desk):
        raise NotFoundError
    entry_id = await enter(ctx, body.desk, body.known, body.reason, caller.sub, cause)
    set_location(response, black_list.prefix, entry_id)
    return await get_entry(ctx.core.db, caller, entry_id)


@black_list.get("/{entry_id}", operation_id="get_black_list_entry")
@shows()
async def get_one(entry_id: UUID, ctx: Ctx, caller: Manager) -> BlackListEntry:
    """Return one entry of the black list."""
    return await get_entry(ctx.core.db, caller, entry_id)


@black_list.post("/{entry_id}/lift", operation_id="lift_from_black_list")
@shows()
async def post_lift(entry_id: UUID, body: BlackListLift, ctx: Ctx, caller: Manager, cause: Chain) -> BlackListEntry:
    """Take an identity from the black list; what its customer withdrew themselves stays withdrawn."""
    await get_entry(ctx.core.db, caller, entry_id)
    await lift(ctx, entry_id, body.reason, caller.sub, cause)
    return await get_entry(ctx.core.db, caller, entry_id)


def _past(at: datetime | None, now: datetime) -> datetime:
    """Return when something was said. Raises InTheFutureError."""
    if at is not None and at > now:
        raise InTheFutureError
    return at or now
