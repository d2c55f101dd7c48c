"""Routes by which a wrong outcome is mended."""

from uuid import UUID

from fastapi import Response

from libs.common.platform.audit.shown import shows
from libs.common.platform.http.etag import IfMatch, set_etag
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from services.tasks.deps import Chain, Crew, Ctx, Lang, Worker
from services.tasks.mending.actions import mend
from services.tasks.mending.queries import get_mending
from services.tasks.mending.schemas import MendIn, MendingOut
from services.tasks.tasks.queries import answering_stale_task, one_task
from services.tasks.tasks.schemas import TaskOut

router = api_router("/tasks/v1/tasks", tags=["tasks"], route_class=IdempotentRoute)


@router.get("/{task_id}/mending", operation_id="get_mending")
async def get_one(task_id: UUID, ctx: Ctx, caller: Crew, lang: Lang, response: Response) -> MendingOut:
    """Say whether the outcome of a task may still be mended, what that takes back, and what stays (P.15)."""
    found = await get_mending(ctx, caller, task_id, lang)
    set_etag(response, found.version)
    return found


@router.post("/{task_id}/mend", operation_id="mend_outcome")
@refuses("no_operator", "outcome_refused", "outcome_final", "already_left", "task_taken", "conflict")
@shows("subject")
async def post_mend(
    task_id: UUID,
    body: MendIn,
    seen: IfMatch,
    ctx: Ctx,
    caller: Worker,
    lang: Lang,
    chain: Chain,
    response: Response,
) -> TaskOut:
    """Take back a wrong outcome and give the right one, as a step of the timeline with its reason.

    By who gave it or a supervisor, within the minutes of the pool, and while no one has worked on what followed.
    """
    async with answering_stale_task(ctx, caller, task_id, lang):
        await mend(ctx, caller, task_id, seen, body.command(), chain)
    found = await one_task(ctx, caller, task_id, lang)
    set_etag(response, found.version)
    return found
