"""Routes of a desk's configuration."""

from fastapi import Response

from libs.common.domain.code import Code
from libs.common.platform.configuration import Call, StaleConfigurationError
from libs.common.platform.http.configuration import Seen, stale_configuration, tagged
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from services.tasks.configuration.actions import configure
from services.tasks.configuration.queries import read_part
from services.tasks.configuration.schemas import TasksConfiguration, TasksConfigured, TasksPart
from services.tasks.deps import Admin, Chain, Ctx
from services.tasks.errors import NotFoundError

router = api_router("/tasks/v1/desks/{code}/configuration", tags=["desks"])


@router.get("", operation_id="get_tasks_configuration")
@refuses("not_found")
async def get_configuration(code: Code, ctx: Ctx, caller: Admin, response: Response) -> TasksConfiguration:
    """Return a desk and the playbooks that are active there, as a document that can be applied again."""
    if not caller.may_see(code):
        raise NotFoundError
    async with ctx.db.begin() as tx:
        found = await read_part(tx.conn, code)
    tagged(response, found)
    return TasksConfiguration(desk=code, document=found)


@router.post("", operation_id="configure_tasks")
@refuses("not_found", "stale_version", "validation_failed", "version_required")
async def post_configuration(
    code: Code, body: TasksPart, plan: Seen, ctx: Ctx, caller: Admin, chain: Chain, response: Response
) -> TasksConfigured:
    """Say what applying a document would change, or apply it to the plan that `If-Match` names.

    Playbooks that the document does not name stay active: leads run on them.
    """
    if not caller.may_see(code):
        raise NotFoundError
    try:
        done, now = await configure(ctx, Call(code, caller.sub, chain, plan), body)
    except StaleConfigurationError as error:
        raise stale_configuration(error) from None
    tagged(response, now)
    return done
