"""Routes of work: the offers of operators."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from libs.common.domain.code import Code
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.routes import api_router
from services.assignment.deps import Ctx, People
from services.assignment.offers.queries import Filter, list_work
from services.assignment.offers.rules import WorkState
from services.assignment.offers.schemas import WorkView

router = api_router("/assignment/v1/work", tags=["work"])


@router.get("", operation_id="list_work")
async def get_work(
    ctx: Ctx,
    caller: People,
    page: Paged,
    state: Annotated[WorkState, Query()] = WorkState.WAITING,
    pool: Annotated[Code | None, Query()] = None,
    operator_id: Annotated[UUID | None, Query()] = None,
    desk: Annotated[Code | None, Query()] = None,
) -> Page[WorkView]:
    """List requested work of a state by deadline; operators see their own."""
    return await list_work(ctx.db, caller, Filter(state, pool, operator_id, desk), page)
