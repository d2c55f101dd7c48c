"""Routes of leads."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from libs.common.contracts.shared import Stage
from libs.common.domain.code import Code
from libs.common.platform.http.etag import set_etag
from libs.common.platform.http.pagination import Page, Paged
from libs.common.platform.http.routes import api_router
from libs.common.platform.http.wire import Moment
from libs.common.platform.telemetry.context import bind
from services.intake.deps import Ctx, Lang, Reader, Staff
from services.intake.leads.queries import LeadFilter, get_lead, list_history, list_leads
from services.intake.leads.schemas import HistoryView, LeadDetail, LeadView

router = api_router("/intake/v1/leads", tags=["leads"])


@router.get("", operation_id="list_leads")
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
    q: Annotated[str | None, Query(max_length=200, description="phone, name, e-mail or order number")] = None,
) -> Page[LeadView]:
    """List leads, the newest first; a partner sees their own, from the first appointment on."""
    wanted = LeadFilter(desk, stage, status, source, owner_id, created_from, created_to, q, partner_id)
    return await list_leads(ctx.core.db, caller, wanted, asked, language)


@router.get("/{lead_id}", operation_id="get_lead")
async def get_one(lead_id: UUID, ctx: Ctx, caller: Reader, language: Lang, response: Response) -> LeadDetail:
    """Return one lead with its customer, orders and appointments."""
    bind(lead_id=str(lead_id))
    view = await get_lead(ctx.core.db, caller, lead_id, language)
    set_etag(response, view.version)
    return view


@router.get("/{lead_id}/history", operation_id="list_lead_history")
async def get_history(lead_id: UUID, ctx: Ctx, caller: Staff, asked: Paged) -> Page[HistoryView]:
    """Return every change of a lead and its orders: who, when, from, to, why."""
    bind(lead_id=str(lead_id))
    return await list_history(ctx.core.db, caller, lead_id, asked)
