"""Routes of queues and of `next`."""

from typing import Annotated

from fastapi import Query

from libs.common.domain.code import Code
from libs.common.platform.audit.shown import shows
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from services.tasks.deps import Chain, Crew, Ctx, Lang, Taker
from services.tasks.queues.actions import next_task
from services.tasks.queues.queries import list_queues, queue_tasks
from services.tasks.queues.schemas import NextOut, QueueOut, WhyOut
from services.tasks.tasks.queries import taken_task
from services.tasks.tasks.schemas import TaskOut

router = api_router("/tasks/v1", tags=["queues"], route_class=IdempotentRoute)

Desk = Annotated[Code | None, Query(description="one desk alone")]


@router.get("/queues", operation_id="list_queues")
async def get_queues(ctx: Ctx, caller: Crew, lang: Lang, desk: Desk = None) -> Page[QueueOut]:
    """List the queues of the caller's desks by priority; `mine` counts the caller's own tasks."""
    return Page(items=await list_queues(ctx, caller, desk, lang))


@router.get("/queues/{code}/tasks", operation_id="list_queue_tasks")
@shows("subject")
async def get_queue_tasks(
    code: str, ctx: Ctx, caller: Crew, lang: Lang, page: Paged, desk: Desk = None
) -> Page[TaskOut]:
    """List the tasks of a queue in its order: of one by its `id`, or of all that have a `code`."""
    return await queue_tasks(ctx, caller, code, desk, page, lang)


@router.post("/next", operation_id="take_next_task")
@refuses("no_operator", "not_on_shift", "conflict")
@shows("task.subject")
async def post_next(ctx: Ctx, caller: Taker, lang: Lang, chain: Chain) -> NextOut:
    """Claim the caller's next task and return the reason (S4.5); 409 `not_on_shift` where pools want one (S2.3)."""
    found = await next_task(ctx, caller, chain)
    if found is None:
        return NextOut(task=None, why=None)
    why = WhyOut(lane=found.queue.lane.code, desk=found.queue.desk, text=found.why.of(lang.value))
    task = await taken_task(ctx, caller, found.claimed, found.order_number, lang)
    return NextOut(task=task, why=why)
