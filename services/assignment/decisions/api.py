"""Routes of decisions."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from libs.common.platform.http.pagination import CursorParam, Limit, Page, decode_cursor, page_of
from libs.common.platform.http.routes import api_router
from services.assignment.decisions.queries import Filter, list_decisions
from services.assignment.decisions.schemas import DecisionView
from services.assignment.deps import Ctx, Lang, Staff

router = api_router("/assignment/v1/decisions", tags=["decisions"])

Id = Annotated[UUID | None, Query()]


@router.get("")
async def get_decisions(
    ctx: Ctx,
    caller: Staff,
    lang: Lang,
    lead_id: Id = None,
    task_id: Id = None,
    operator_id: Id = None,
    limit: Limit = 50,
    cursor: CursorParam = None,
) -> Page[DecisionView]:
    """List decisions, the latest first: who was chosen, every candidate and why not (P.3)."""
    before = UUID(str(decode_cursor(cursor, "-id", (UUID,))[0])) if cursor else None
    wanted = Filter(lead_id, task_id, operator_id)
    rows = await list_decisions(ctx.db, caller, wanted, before, limit + 1, lang)
    return page_of(rows, limit, "-id", lambda row: (row.id,), lambda row: row)
