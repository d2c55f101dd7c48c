"""Routes of a desk's configuration."""

from fastapi import Response

from libs.common.domain.code import Code
from libs.common.platform.configuration import Call, StaleConfigurationError
from libs.common.platform.http.configuration import Seen, stale_configuration, tagged
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from services.assignment.configuration.actions import configure
from services.assignment.configuration.queries import read_desk
from services.assignment.configuration.schemas import AssignmentConfiguration, AssignmentConfigured, AssignmentPart
from services.assignment.deps import Admin, Chain, Ctx
from services.assignment.errors import NotFoundError

router = api_router("/assignment/v1/desks/{code}/configuration", tags=["desks"])


@router.get("", operation_id="get_assignment_configuration")
@refuses("not_found")
async def get_configuration(code: Code, ctx: Ctx, caller: Admin, response: Response) -> AssignmentConfiguration:
    """Return the pools, operators and shifts of a desk, as a document that can be applied again."""
    if not caller.may_see(code):
        raise NotFoundError
    async with ctx.db.begin() as tx:
        found = (await read_desk(tx, code, ctx.now())).part
    tagged(response, found)
    return AssignmentConfiguration(desk=code, document=found)


@router.post("", operation_id="configure_assignment")
@refuses("not_found", "not_known_yet", "stale_version", "validation_failed", "version_required")
async def post_configuration(
    code: Code, body: AssignmentPart, plan: Seen, ctx: Ctx, caller: Admin, chain: Chain, response: Response
) -> AssignmentConfigured:
    """Say what applying a document would change, or apply it to the plan that `If-Match` names.

    What it does not name is retired: operators become inactive and leave their pools, and their tasks go to others
    as at a check-out. Shifts that change are planned anew from now on; absences that have ended are no change.
    """
    if not caller.may_see(code):
        raise NotFoundError
    try:
        done, now = await configure(ctx, Call(code, caller.sub, chain, plan), body)
    except StaleConfigurationError as error:
        raise stale_configuration(error) from None
    tagged(response, now)
    return done
