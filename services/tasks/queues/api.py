"""Routes of queues, and of what comes next."""

from typing import Annotated

from fastapi import Query

from libs.common.http.idempotent_route import IdempotentRoute
from libs.common.http.pagination import CursorParam, Limit, Page, decode_cursor, encode_cursor
from libs.common.http.routes import api_router
from services.tasks.deps import Chain, Ctx, Lang, Staff, Worker
from services.tasks.queues.actions import next_task
from services.tasks.queues.queries import list_queues, queue_tasks
from services.tasks.queues.schemas import NextOut, QueueOut, WhyOut
from services.tasks.wire import Code
from services.tasks.work.queries import get_task
from services.tasks.work.schemas import TaskOut

router = api_router("/tasks/v1", tags=["queues"], route_class=IdempotentRoute)

Desk = Annotated[Code | None, Query(description="one desk alone")]


@router.get("/queues")
async def get_queues(ctx: Ctx, caller: Staff, lang: Lang, desk: Desk = None) -> Page[QueueOut]:
    """List the queues of the caller's desks by priority; `mine` counts the caller's own tasks."""
    return Page(items=await list_queues(ctx, caller, desk, lang))


@router.get("/queues/{code}/tasks")
async def get_queue_tasks(
    code: str, ctx: Ctx, caller: Staff, lang: Lang, desk: Desk = None, limit: Limit = 50, cursor: CursorParam = None
) -> Page[TaskOut]:
    """List the tasks of a queue in its order; a place in a moving queue is a position, not a key."""
    offset = int(str(decode_cursor(cursor, code, (int,))[0])) if cursor else 0
    items = await queue_tasks(ctx, caller, code, desk, offset, limit + 1, lang)
    following = encode_cursor(code, (offset + limit,)) if len(items) > limit else None
    return Page(items=items[:limit], next_cursor=following)


@router.post("/next")
async def post_next(ctx: Ctx, caller: Worker, lang: Lang, chain: Chain) -> NextOut:
    """Take what comes next for the caller, and hear why (S4.5)."""
    given = await next_task(ctx, caller, chain)
    if given is None:
        return NextOut(task=None, why=None)
    why = WhyOut(lane=given.queue.lane.code, desk=given.queue.desk, text=given.why.of(lang.value))
    return NextOut(task=await get_task(ctx, caller, given.task_id, lang), why=why)
