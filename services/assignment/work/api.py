"""Routes of work: what waits for somebody, and what people have."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query

from libs.common.domain.code import Code
from libs.common.platform.http.pagination import CursorParam, Limit, Page, decode_cursor, page_of
from libs.common.platform.http.routes import api_router
from services.assignment.deps import Ctx, Staff
from services.assignment.work.queries import Filter, list_work
from services.assignment.work.rules import WorkState
from services.assignment.work.schemas import WorkView

router = api_router("/assignment/v1/work", tags=["work"])

_ORDER = "due_at"


@router.get("")
async def get_work(
    ctx: Ctx,
    caller: Staff,
    state: Annotated[WorkState, Query()] = WorkState.WAITING,
    pool: Annotated[Code | None, Query()] = None,
    operator_id: Annotated[UUID | None, Query()] = None,
    limit: Limit = 50,
    cursor: CursorParam = None,
) -> Page[WorkView]:
    """List requested work of one state by deadline; an operator sees their own."""
    after = None
    if cursor:
        due_at, task_id = decode_cursor(cursor, _ORDER, (datetime, UUID))
        after = datetime.fromisoformat(str(due_at)), UUID(str(task_id))
    rows = await list_work(ctx.db, caller, Filter(state, pool, operator_id), after, limit + 1)
    return page_of(rows, limit, _ORDER, lambda row: (row.due_at, row.task_id), lambda row: row)
