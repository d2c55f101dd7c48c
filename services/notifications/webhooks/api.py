"""The webhook that providers call: it stores, commits and answers; a worker loop does the rest."""

from starlette.requests import Request
from starlette.responses import Response

from libs.common.platform.http.problems import Problem
from libs.common.platform.http.routes import DescribedRoute
from libs.common.platform.http.shell import limit_body
from libs.common.platform.telemetry.tracing import current_traceparent
from services.notifications.channels.queries import channel_of_webhook
from services.notifications.context import Context
from services.notifications.providers.values import Raw
from services.notifications.webhooks.store import Body, Origin

MAX_BODY = 4 * 1024 * 1024  # bytes: a hundred messages of maximum length in one body


async def webhook(request: Request) -> Response:
    """Store a provider's callback of any shape, then answer as it wants; 404 for an unknown key."""
    limit_body(request, MAX_BODY)
    ctx: Context = request.app.state.ctx
    provider, key = request.path_params["provider"], request.path_params["channel_key"]
    row = None if "\x00" in provider + key else await channel_of_webhook(ctx.core.db, provider, key)
    if row is None:
        raise Problem(404, "not_found")
    adapter, raw = ctx.adapters.of(row["id"], row), await _raw(request, ctx)
    if not adapter.verify(raw):
        raise Problem(401, "sender_unverified")
    reading = adapter.read(raw)
    await ctx.callbacks.store(Body(Origin.of(row), reading, raw.body, ctx.core.clock.now(), current_traceparent()))
    said = adapter.said(raw)
    return Response(said.body, said.status, media_type=said.media if said.body else None)


async def _raw(request: Request, ctx: Context) -> Raw:
    base = str(ctx.settings.public_url or request.base_url).rstrip("/")
    query = f"?{request.url.query}" if request.url.query else ""
    url = f"{base}{request.scope['path']}{query}"
    return Raw(request.method, url, dict(request.query_params), dict(request.headers), await request.body())


def _operation(operation_id: str) -> dict[str, object]:
    names = ("provider", "channel_key")
    return {
        "tags": ["hooks"],
        "summary": "Report of a provider",
        "description": "In the provider's own format, with its own proof. The answer is what the provider expects.",
        "operationId": operation_id,
        "security": [{"provider_signature": []}, {}],
        "parameters": [{"name": n, "in": "path", "required": True, "schema": {"type": "string"}} for n in names],
        "responses": {"200": {"description": "Kept", "content": {"*/*": {}}}},
    }


_BODY: dict[str, object] = {
    "description": "As the provider writes it",
    "content": {"application/json": {}, "application/x-www-form-urlencoded": {}, "message/rfc822": {}},
}
_OPERATIONS = {
    "get": _operation("report_by_get"),
    "post": {**_operation("report"), "requestBody": _BODY},
}
_REFUSALS = (
    "malformed_request",
    "sender_unverified",
    "not_found",
    "body_too_large",
    "internal_error",
    "unavailable",
)

routes = [DescribedRoute("/notifications/v1/hooks/{provider}/{channel_key}", webhook, _OPERATIONS, _REFUSALS)]
