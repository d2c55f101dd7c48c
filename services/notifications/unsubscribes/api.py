"""What a link in an advertisement opens: a page that asks, for programs open links too, and the end of them."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from libs.common.platform.http.problems import Problem
from libs.common.platform.http.routes import DescribedRoute
from libs.common.platform.http.shell import limit_body
from libs.common.platform.telemetry.tracing import current_traceparent
from services.notifications.context import Context
from services.notifications.unsubscribes.actions import may_unsubscribe, unsubscribe

MAX_BODY = 4096  # bytes: the one field of a form
_HEAD = '<!doctype html><html lang="ru"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
_ASKS = f"""{_HEAD}<title>Отписаться / Unsubscribe</title>
<p>Больше не присылать рекламу на этот адрес?</p><p lang="en">Send no more advertisements to this address?</p>
<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">
<button>Отписаться / Unsubscribe</button></form></html>"""
_DONE = f"""{_HEAD}<title>Готово / Done</title>
<p>Рекламы на этот адрес больше не будет.</p>
<p lang="en">No more advertisements will be sent to this address.</p></html>"""


async def page(request: Request) -> Response:
    """Ask at a GET, act at a POST: mail programs post by themselves when their reader has asked for it."""
    limit_body(request, MAX_BODY)
    ctx: Context = request.app.state.ctx
    attempt_id = _attempt(request.path_params["token"])
    if request.method == "POST":
        await unsubscribe(ctx.core.db, attempt_id, ctx.core.clock.now(), current_traceparent())
        return HTMLResponse(_DONE)
    if not await may_unsubscribe(ctx.core.db, attempt_id):
        raise Problem(404, "not_found")
    return HTMLResponse(_ASKS)


def _attempt(token: str) -> UUID:
    try:
        return UUID(hex=token)
    except ValueError:
        raise Problem(404, "not_found") from None


def _operation(operation_id: str, summary: str) -> dict[str, object]:
    return {
        "tags": ["hooks"],
        "summary": summary,
        "description": "The link of an advertisement, for whoever has it (RFC 8058); a page in both languages.",
        "operationId": operation_id,
        "security": [{}],
        "parameters": [{"name": "token", "in": "path", "required": True, "schema": {"type": "string"}}],
        "responses": {"200": {"description": "A page", "content": {"text/html": {}}}},
    }


_OPERATIONS = {
    "get": _operation("ask_to_unsubscribe", "Page that asks whether to end advertisements"),
    "post": {
        **_operation("unsubscribe", "End of advertisements"),
        "requestBody": {"description": "One-Click", "content": {"application/x-www-form-urlencoded": {}}},
    },
}
_REFUSALS = ("malformed_request", "not_found", "body_too_large", "internal_error", "unavailable")

routes = [DescribedRoute("/notifications/v1/unsubscribe/{token}", page, _OPERATIONS, _REFUSALS)]
