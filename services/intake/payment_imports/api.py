"""Routes of payments that the school does not know (S4.19)."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from libs.common.domain.code import Code
from libs.common.platform.audit.shown import shows
from libs.common.platform.http.etag import IfMatch, answering_stale, set_etag
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from services.intake.deps import Ctx, Overseer
from services.intake.errors import NotFoundError
from services.intake.payment_imports.actions import confirm_payment, import_payments, reject_payment
from services.intake.payment_imports.queries import get_imported, list_imported
from services.intake.payment_imports.rules import MatchState
from services.intake.payment_imports.schemas import (
    ImportedPaymentView,
    PaymentMatch,
    PaymentsImported,
    PaymentsIn,
)

router = api_router("/intake/v1/imported-payments", tags=["orders"], route_class=IdempotentRoute)


@router.post("", operation_id="import_payments")
@refuses("not_found", "validation_failed")
async def post_list(body: PaymentsIn, ctx: Ctx, caller: Overseer) -> PaymentsImported:
    """Import a list of payments and match each by name and amount; a list may come again.

    Exactly one order is a proposal, which a person confirms; several, or none, are shown and never matched.
    """
    if not caller.may_see(body.desk):
        raise NotFoundError
    return await import_payments(ctx, body, caller.sub)


@router.get("", operation_id="list_imported_payments")
@shows("imported_payment:id", "lead:lead_id")
async def get_list(
    ctx: Ctx,
    caller: Overseer,
    asked: Paged,
    desk: Annotated[Code | None, Query()] = None,
    state: Annotated[list[MatchState] | None, Query(max_length=len(MatchState))] = None,
    order_id: UUID | None = None,
) -> Page[ImportedPaymentView]:
    """List imported payments, the newest first."""
    return await list_imported(ctx.core.db, caller, desk, state, order_id, asked)


@router.get("/{imported_payment_id}", operation_id="get_imported_payment")
@shows("imported_payment:id", "lead:lead_id")
async def get_one(imported_payment_id: UUID, ctx: Ctx, caller: Overseer, response: Response) -> ImportedPaymentView:
    """Return one imported payment."""
    view = await get_imported(ctx.core.db, caller, imported_payment_id)
    set_etag(response, view.version)
    return view


@router.post("/{imported_payment_id}/confirm", operation_id="confirm_imported_payment")
@refuses("conflict", "validation_failed", "already_paid")
@shows("imported_payment:id", "lead:lead_id")
async def post_match(
    imported_payment_id: UUID, body: PaymentMatch, ctx: Ctx, caller: Overseer, seen: IfMatch, response: Response
) -> ImportedPaymentView:
    """Say which order the payment is of: it is on record, and completes the order once that is fully paid.

    409 once a person has decided on it, and when the order is paid already.
    """
    read = partial(get_imported, ctx.core.db, caller, imported_payment_id)
    await read()
    async with answering_stale(read):
        await confirm_payment(ctx, imported_payment_id, seen, body.order_id, caller.sub)
    return _shown(await read(), response)


@router.post("/{imported_payment_id}/reject", operation_id="reject_imported_payment")
@refuses("conflict")
@shows("imported_payment:id", "lead:lead_id")
async def post_rejection(
    imported_payment_id: UUID, ctx: Ctx, caller: Overseer, seen: IfMatch, response: Response
) -> ImportedPaymentView:
    """Say that the payment is of none of our orders. 409 once a person has decided on it."""
    read = partial(get_imported, ctx.core.db, caller, imported_payment_id)
    await read()
    async with answering_stale(read):
        await reject_payment(ctx, imported_payment_id, seen, caller.sub)
    return _shown(await read(), response)


def _shown(view: ImportedPaymentView, response: Response) -> ImportedPaymentView:
    set_etag(response, view.version)
    return view
