"""Route of free tasks."""

from fastapi import Response

from libs.common.platform.audit.shown import shows
from libs.common.platform.http.etag import set_etag, set_location
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from services.tasks.deps import Chain, Crew, Ctx, Lang
from services.tasks.free.actions import make_task
from services.tasks.free.schemas import FreeTaskIn
from services.tasks.tasks.queries import one_task
from services.tasks.tasks.schemas import TaskOut

router = api_router("/tasks/v1/tasks", tags=["tasks"], route_class=IdempotentRoute)


@router.post("", operation_id="create_task", status_code=201)
@refuses("no_operator", "not_found", "operator_inactive", "conflict")
@shows("subject")
async def post_task(
    body: FreeTaskIn, ctx: Ctx, caller: Crew, lang: Lang, chain: Chain, response: Response
) -> TaskOut:
    """Make a task by hand for a person or a pool (S3.14); its title names the aim (S2.11), an error every fault.

    Operators make them for themselves and colleagues of their desks; `due_at` is never edited afterwards (S2.8).
    """
    task_id = await make_task(ctx, caller, body.asked(), chain)
    made = await one_task(ctx, caller, task_id, lang)
    set_etag(response, made.version)
    set_location(response, router.prefix, made.id)
    return made
