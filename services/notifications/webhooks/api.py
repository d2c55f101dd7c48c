"""The webhook that providers call: stored, committed, answered; everything else happens later."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from libs.common.platform.http.problems import Problem
from libs.common.platform.http.shell import limit_body
from services.notifications.context import Context
from services.notifications.webhooks.actions import take

MAX_BODY = 4 * 1024 * 1024  # bytes: a hundred messages of the greatest length in one body


async def hook(request: Request) -> Response:
    """Take a provider's callback: 200 once it is on disk, whatever its shape; 404 for an unknown key."""
    limit_body(request, MAX_BODY)
    ctx: Context = request.app.state.ctx
    provider, key = request.path_params["provider"], request.path_params["channel_key"]
    if "\x00" in provider + key:
        raise Problem(404, "not_found")
    if not await take(ctx.core.db, provider, key, await request.body(), ctx.core.clock.now()):
        raise Problem(404, "not_found")
    return Response(status_code=200)


routes = [Route("/notifications/v1/hooks/{provider}/{channel_key}", hook, methods=["POST"])]
