"""Routes of leads."""

from datetime import datetime
from typing import Annotated, cast
from uuid import UUID

from fastapi import Query, Response
from pydantic import AwareDatetime

from libs.common.contracts.shared import Stage
from libs.common.domain.code import Code
from libs.common.platform.http.etag import set_etag
from libs.common.platform.http.pagination import CursorParam, Limit, Page, decode_cursor, page_of
from libs.common.platform.http.routes import api_router
from libs.common.platform.telemetry.context import bind
from services.intake.deps import Ctx, Lang, Staff
from services.intake.leads.queries import LeadFilter, get_lead, list_history, list_leads
from services.intake.leads.schemas import HistoryView, LeadDetail, LeadView

router = api_router("/intake/v1/leads", tags=["leads"])

_ORDER = "-created_at"


@router.get("")
async def get_leads(
    ctx: Ctx,
    caller: Staff,
    language: Lang,
    desk: Annotated[Code | None, Query()] = None,
    stage: Stage | None = None,
    status: Annotated[str | None, Query(max_length=100)] = None,
    source: Annotated[Code | None, Query()] = None,
    owner_id: UUID | None = None,
    created_from: AwareDatetime | None = None,
    created_to: AwareDatetime | None = None,
    q: Annotated[str | None, Query(max_length=200, description="phone, name, e-mail or order number")] = None,
    limit: Limit = 50,
    cursor: CursorParam = None,
) -> Page[LeadView]:
    """List leads, the newest first."""
    wanted = LeadFilter(desk, stage, status, source, owner_id, created_from, created_to, q)
    before = cast("tuple[datetime, UUID]", decode_cursor(cursor, _ORDER, (datetime, UUID))) if cursor else None
    rows = await list_leads(ctx.core.db, caller, wanted, before, limit + 1, language)
    return page_of(rows, limit, _ORDER, lambda row: (row.created_at, row.id), lambda row: row)


@router.get("/{lead_id}")
async def get_one(lead_id: UUID, ctx: Ctx, caller: Staff, language: Lang, response: Response) -> LeadDetail:
    """Return one lead with its person and orders."""
    bind(lead_id=str(lead_id))
    view = await get_lead(ctx.core.db, caller, lead_id, language)
    set_etag(response, view.version)
    return view


@router.get("/{lead_id}/history")
async def get_history(
    lead_id: UUID, ctx: Ctx, caller: Staff, limit: Limit = 50, cursor: CursorParam = None
) -> Page[HistoryView]:
    """Return every change of a lead and its orders: who, when, from, to, why."""
    bind(lead_id=str(lead_id))
    after = int(str(decode_cursor(cursor, "id", (int,))[0])) if cursor else 0
    rows = await list_history(ctx.core.db, caller, lead_id, after, limit + 1)
    return page_of(rows, limit, "id", lambda row: (row.id,), lambda row: row)
