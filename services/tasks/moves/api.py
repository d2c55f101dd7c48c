"""Routes by which open tasks change hands."""

from uuid import UUID

from fastapi import Response

from libs.common.platform.http.etag import IfMatch, set_etag, stale
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.routes import api_router
from services.tasks.deps import Chain, Ctx, Lang, Worker
from services.tasks.errors import StaleTaskError
from services.tasks.moves.actions import release
from services.tasks.moves.schemas import ReleaseIn
from services.tasks.tasks.queries import get_task
from services.tasks.tasks.schemas import TaskOut

router = api_router("/tasks/v1/tasks", tags=["moves"], route_class=IdempotentRoute)


@router.post("/{task_id}/release")
async def post_release(
    task_id: UUID,
    body: ReleaseIn,
    seen: IfMatch,
    ctx: Ctx,
    caller: Worker,
    lang: Lang,
    chain: Chain,
    response: Response,
) -> TaskOut:
    """Give a task back to its lane, or take it from its operator. Who gave it back is not asked for it again."""
    try:
        await release(ctx, caller, task_id, seen, body.comment, chain)
    except StaleTaskError:
        current = await get_task(ctx, caller, task_id, lang)
        raise stale(current, current.version) from None
    found = await get_task(ctx, caller, task_id, lang)
    set_etag(response, found.version)
    return found
