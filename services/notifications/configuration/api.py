"""Routes of a desk's configuration."""

from fastapi import Response

from libs.common.domain.code import Code
from libs.common.platform.configuration import Call, StaleConfigurationError
from libs.common.platform.http.configuration import Seen, stale_configuration, tagged
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from services.notifications.configuration.actions import configure
from services.notifications.configuration.queries import read_desk
from services.notifications.configuration.schemas import (
    NotificationsConfiguration,
    NotificationsConfigured,
    NotificationsPart,
)
from services.notifications.deps import Admin, Chain, Ctx
from services.notifications.errors import NotFoundError

router = api_router("/notifications/v1/desks/{code}/configuration", tags=["desks"])


@router.get("", operation_id="get_notifications_configuration")
@refuses("not_found")
async def get_configuration(code: Code, ctx: Ctx, caller: Admin, response: Response) -> NotificationsConfiguration:
    """Return the channels of a desk, without secrets, and the templates in use: a document to apply again."""
    if not caller.may_see(code):
        raise NotFoundError
    async with ctx.core.db.begin() as tx:
        found = await read_desk(tx, code, ctx.core.keys)
    tagged(response, found.part, found.stamp)
    return NotificationsConfiguration(desk=code, document=found.part)


@router.post("", operation_id="configure_notifications")
@refuses("not_found", "stale_version", "validation_failed", "version_required")
async def post_configuration(
    code: Code, body: NotificationsPart, plan: Seen, ctx: Ctx, caller: Admin, chain: Chain, response: Response
) -> NotificationsConfigured:
    """Say what applying a document would change, or apply it to the plan that `If-Match` names.

    Channels and templates that it does not name are retired. Texts that differ from those in use are proposed and
    approved in the caller's name. A secret that is left out stays.
    """
    if not caller.may_see(code):
        raise NotFoundError
    try:
        done, now = await configure(ctx.core, Call(code, caller.sub, chain, plan), body)
    except StaleConfigurationError as error:
        raise stale_configuration(error) from None
    ctx.due.set()
    tagged(response, now.part, now.stamp)
    return done
