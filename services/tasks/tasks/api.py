"""Routes of tasks."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Query, Response

from libs.common.platform.audit.shown import shows
from libs.common.platform.http.etag import IfMatch, set_etag
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.paging import Ids, Paged
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from libs.common.platform.http.wire import Moment
from services.tasks.deps import Chain, Crew, Ctx, Lang, Worker
from services.tasks.engine.state import TaskState
from services.tasks.tasks.actions import give_outcome, take
from services.tasks.tasks.queries import TaskFilter, answering_stale_task, get_task, list_tasks, shaped
from services.tasks.tasks.schemas import OutcomeIn, TaskOut

router = api_router("/tasks/v1/tasks", tags=["tasks"], route_class=IdempotentRoute)

Word = Annotated[str | None, Query(max_length=64)]
Number = Annotated[str | None, Query(max_length=200, description="ours, or the source's own number or id")]
Flag = Annotated[bool | None, Query()]
When = Annotated[Moment | None, Query()]
Order = Annotated[Literal["-opened_at", "opened_at", "due_at", "-due_at"], Query()]


async def _filter(
    ids: Ids = None,
    desk: Word = None,
    state: Annotated[list[TaskState] | None, Query(max_length=len(TaskState))] = None,
    type: Word = None,  # noqa: A002 - the name on the wire
    lane: Word = None,
    pool: Word = None,
    playbook: Word = None,
    lead_id: Annotated[UUID | None, Query()] = None,
    operator_id: Annotated[UUID | None, Query()] = None,
    order_number: Number = None,
    overdue: Flag = None,
    waiting: Flag = None,
    important: Flag = None,
    unowned: Flag = None,
    call_unproved: Flag = None,
    created_from: When = None,
    created_to: When = None,
    due_from: When = None,
    due_to: When = None,
) -> TaskFilter:
    return TaskFilter(**locals())


@router.get("", operation_id="list_tasks")
@shows("subject")
async def get_tasks(
    wanted: Annotated[TaskFilter, Depends(_filter)],
    ctx: Ctx,
    caller: Crew,
    lang: Lang,
    page: Paged,
    sort: Order = "-opened_at",
) -> Page[TaskOut]:
    """List tasks: supervisors see those of their desks, operators their own and unassigned ones."""
    found = await list_tasks(ctx.db, caller, wanted, sort, page, ctx.now())
    return Page(items=await shaped(ctx, caller, found.rows, lang), next_cursor=found.next_cursor)


@router.get("/{task_id}", operation_id="get_task")
@shows("subject")
async def get_one(task_id: UUID, ctx: Ctx, caller: Crew, lang: Lang, response: Response) -> TaskOut:
    """Return a task with its possible outcomes."""
    found = await get_task(ctx, caller, task_id, lang)
    set_etag(response, found.version)
    return found


@router.post("/{task_id}/take", operation_id="take_task")
@refuses(
    "no_operator",
    "not_eligible",
    "not_on_shift",
    "task_closed",
    "task_taken",
    "task_not_offered_yet",
    "task_pushed_only",
    "conflict",
)
@shows("subject")
async def post_take(
    task_id: UUID, ctx: Ctx, caller: Worker, lang: Lang, chain: Chain, response: Response
) -> TaskOut:
    """Take a task, or start work on an assigned one; two operators never get the same task (S1.2, S4.3)."""
    await take(ctx, caller, task_id, chain)
    return await get_one(task_id, ctx, caller, lang, response)


@router.post("/{task_id}/outcome", operation_id="give_outcome")
@refuses("no_operator", "outcome_refused", "task_closed", "task_not_taken", "task_taken", "conflict")
@shows("subject")
async def post_outcome(
    task_id: UUID,
    body: OutcomeIn,
    seen: IfMatch,
    ctx: Ctx,
    caller: Worker,
    lang: Lang,
    chain: Chain,
    response: Response,
) -> TaskOut:
    """End a task with an outcome and a comment (S0.1, S0.2); an error lists every fault (S1.7).

    Who was given a task need not take it first; one that waits for an operator is 409 `task_not_taken`.
    """
    async with answering_stale_task(ctx, caller, task_id, lang):
        await give_outcome(ctx, caller, task_id, seen, body.input(), chain)
    return await get_one(task_id, ctx, caller, lang, response)
