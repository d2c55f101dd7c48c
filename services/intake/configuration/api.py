"""Routes of a desk's configuration."""

from fastapi import Response

from libs.common.domain.code import Code
from libs.common.platform.configuration import Call, StaleConfigurationError
from libs.common.platform.http.configuration import Seen, stale_configuration, tagged
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from services.intake.configuration.actions import configure
from services.intake.configuration.queries import read_desk
from services.intake.configuration.schemas import IntakeConfiguration, IntakeConfigured, IntakePart
from services.intake.deps import Admin, Chain, Ctx
from services.intake.errors import NotFoundError

router = api_router("/intake/v1/desks/{code}/configuration", tags=["desks"])


@router.get("", operation_id="get_intake_configuration")
@refuses("not_found")
async def get_configuration(code: Code, ctx: Ctx, caller: Admin, response: Response) -> IntakeConfiguration:
    """Return the sources of a desk, without secrets, as a document that can be applied again."""
    if not caller.may_see(code):
        raise NotFoundError
    async with ctx.core.db.begin() as tx:
        found = await read_desk(tx, code)
    tagged(response, found.part, found.stamp)
    return IntakeConfiguration(desk=code, document=found.part)


@router.post("", operation_id="configure_intake")
@refuses("not_found", "stale_version", "validation_failed", "version_required", "not_known_yet")
async def post_configuration(
    code: Code, body: IntakePart, plan: Seen, ctx: Ctx, caller: Admin, chain: Chain, response: Response
) -> IntakeConfigured:
    """Say what applying a document would change, or apply it to the plan that `If-Match` names.

    Sources that it does not name are retired: their webhooks answer as if unknown. A secret that is left out stays;
    those before another one work for a day. 409 `not_known_yet` names playbooks that intake has not heard of.
    """
    if not caller.may_see(code):
        raise NotFoundError
    try:
        done, now = await configure(ctx, Call(code, caller.sub, chain, plan), body)
    except StaleConfigurationError as error:
        raise stale_configuration(error) from None
    tagged(response, now.part, now.stamp)
    return done
