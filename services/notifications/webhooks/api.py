"""The webhook that providers call: it stores, commits and answers; a worker loop does the rest."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from libs.common.platform.http.problems import Problem
from libs.common.platform.http.shell import limit_body
from services.notifications.context import Context
from services.notifications.webhooks.actions import store_callbacks

MAX_BODY = 4 * 1024 * 1024  # bytes: a hundred messages of maximum length in one body


async def webhook(request: Request) -> Response:
    """Store a provider's callback of any shape: 200 once it is committed, 404 for an unknown key."""
    limit_body(request, MAX_BODY)
    ctx: Context = request.app.state.ctx
    provider, key = request.path_params["provider"], request.path_params["channel_key"]
    if "\x00" in provider + key:
        raise Problem(404, "not_found")
    if not await store_callbacks(ctx.core.db, provider, key, await request.body(), ctx.core.clock.now()):
        raise Problem(404, "not_found")
    return Response(status_code=200)


routes = [Route("/notifications/v1/hooks/{provider}/{channel_key}", webhook, methods=["POST"])]
