"""Routes of decisions."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from libs.common.domain.code import Code
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.routes import api_router
from services.assignment.decisions.queries import Filter, list_decisions
from services.assignment.decisions.schemas import DecisionView
from services.assignment.deps import Ctx, Lang, People

router = api_router("/assignment/v1/decisions", tags=["decisions"])

Id = Annotated[UUID | None, Query()]


@router.get("", operation_id="list_decisions")
async def get_decisions(
    ctx: Ctx,
    caller: People,
    lang: Lang,
    page: Paged,
    lead_id: Id = None,
    task_id: Id = None,
    operator_id: Id = None,
    desk: Annotated[Code | None, Query()] = None,
) -> Page[DecisionView]:
    """List decisions, the latest first: the chosen operator, and every candidate with the refusals (P.3)."""
    return await list_decisions(ctx.db, caller, Filter(lead_id, task_id, operator_id, desk), page, lang)
