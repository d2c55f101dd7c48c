"""Routes of leads."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from starlette.responses import StreamingResponse

from libs.common.contracts.shared import Stage
from libs.common.domain.code import Code
from libs.common.exports.stream import TABLE, SheetParam, table_response
from libs.common.platform.audit.shown import shows
from libs.common.platform.http.etag import set_etag
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.paging import Ids, Paged
from libs.common.platform.http.routes import api_router
from libs.common.platform.http.wire import Moment
from libs.common.platform.telemetry.context import bind
from services.intake.customers.queries import get_customer
from services.intake.deps import Crew, Ctx, Lang, Manager, Reader
from services.intake.leads.exports import LEADS, export_rows
from services.intake.leads.queries import LeadFilter, get_lead, list_history, list_leads
from services.intake.leads.schemas import HistoryView, LeadDetail, LeadView
from services.intake.scope import is_partner_alone

router = api_router("/intake/v1/leads", tags=["leads"])

_SEARCH = (
    "any number of an order, ours or the source's; a name; a phone in any spelling, or 4 of its digits; an e-mail"
)


_PART = "(orders|appointments|customer)"
_CARD = "parts of the card, with commas; orders and appointments are always there"
Parts = Annotated[str | None, Query(pattern=f"^{_PART}(,{_PART})*$", description=_CARD)]


@router.get("", operation_id="list_leads")
@shows("lead:id", "customer:customer_id")
async def get_leads(
    ctx: Ctx,
    caller: Reader,
    language: Lang,
    asked: Paged,
    desk: Annotated[Code | None, Query()] = None,
    stage: Stage | None = None,
    status: Annotated[str | None, Query(max_length=100)] = None,
    source: Annotated[Code | None, Query()] = None,
    owner_id: UUID | None = None,
    created_from: Moment | None = None,
    created_to: Moment | None = None,
    partner_id: UUID | None = None,
    q: Annotated[str | None, Query(max_length=200, description=_SEARCH)] = None,
    ids: Ids = None,
    merged: Annotated[bool, Query(description="also those that were merged into others")] = False,
) -> Page[LeadView]:
    """List leads, the newest first; a partner sees their own, from the first appointment on."""
    wanted = LeadFilter(desk, stage, status, source, owner_id, created_from, created_to, q, partner_id, ids, merged)
    return await list_leads(ctx.core.db, caller, wanted, asked, language)


@router.get("/export", operation_id="export_leads", response_class=Response, responses=TABLE)
@shows()
async def export_leads(
    ctx: Ctx,
    caller: Manager,
    language: Lang,
    sheet: SheetParam,
    desk: Annotated[Code | None, Query()] = None,
    stage: Stage | None = None,
    status: Annotated[str | None, Query(max_length=100)] = None,
    source: Annotated[Code | None, Query()] = None,
    owner_id: UUID | None = None,
    created_from: Moment | None = None,
    created_to: Moment | None = None,
    partner_id: UUID | None = None,
    q: Annotated[str | None, Query(max_length=200, description=_SEARCH)] = None,
) -> StreamingResponse:
    """Give leads and their orders out as a table, the newest first; the filters are those of the list.

    It is sent while it is read, and the audit log names all who are in it.
    """
    wanted = LeadFilter(desk, stage, status, source, owner_id, created_from, created_to, q, partner_id)
    return table_response(LEADS, sheet, language, export_rows(ctx.core.db, caller, wanted, language))


@router.get("/{lead_id}", operation_id="get_lead")
@shows("lead:id", "customer:customer_id")
async def get_one(
    lead_id: UUID, ctx: Ctx, caller: Reader, language: Lang, response: Response, include: Parts = None
) -> LeadDetail:
    """Return one lead with its orders and appointments, and its customer if that is asked for.

    A partner is never shown the customer: they see who comes, not how to reach them.
    """
    bind(lead_id=str(lead_id))
    view = await get_lead(ctx.core.db, caller, lead_id, language)
    if "customer" in (include or "").split(",") and not is_partner_alone(caller):
        view.customer = await get_customer(ctx.core.db, caller, view.customer_id)
    set_etag(response, view.version)
    return view


@router.get("/{lead_id}/history", operation_id="list_lead_history")
@shows("lead:lead_id")
async def get_history(lead_id: UUID, ctx: Ctx, caller: Crew, asked: Paged) -> Page[HistoryView]:
    """Return every change of a lead and its orders: who, when, from, to, why."""
    bind(lead_id=str(lead_id))
    return await list_history(ctx.core.db, caller, lead_id, asked)
