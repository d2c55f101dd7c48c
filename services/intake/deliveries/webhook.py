"""The webhook: a plain ASGI route, because every delivery would pay FastAPI's cost per request.

4xx only for an unknown source, an unverified sender, a body too large or a rate too high. Every other request is
stored and answered 202, or as its format says.
"""

import math
import time

from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from libs.common.platform import faultpoints
from libs.common.platform.db.errors import is_transient
from libs.common.platform.http.cors import allow_origins
from libs.common.platform.http.failures import unavailable
from libs.common.platform.http.language import Text
from libs.common.platform.http.problems import Problem
from libs.common.platform.http.routes import DescribedRoute
from libs.common.platform.http.shell import limit_body
from libs.common.platform.serving import RAW_TARGET
from libs.common.platform.telemetry.context import bind
from libs.common.platform.telemetry.logs import get_logger
from libs.common.platform.telemetry.tracing import current_traceparent
from services.intake.context import Context
from services.intake.deliveries.actions import receive
from services.intake.deliveries.batch import OverloadedError
from services.intake.deliveries.rules import Disposition
from services.intake.formats.base import Answer, Proof, Reply
from services.intake.formats.packing import TooLargeError, unpacked
from services.intake.formats.rules import RawRequest
from services.intake.sources.cache import Known
from services.intake.sources.rules import Source

PATH = "/intake/v1/hooks/{source_key}"
# Some senders add the name of the event to the address that a person has given them: `/events/call`.
LONGER = PATH + "/{event:path}"
_DISPOSITION: dict[str, object] = {"type": "string", "enum": [each.value for each in Disposition]}
_ANSWER: dict[str, object] = {
    "type": "object",
    "required": ["delivery_id", "lead_id", "order_number", "disposition", "reason", "notes"],
    "properties": {
        "delivery_id": {"type": "string", "format": "uuid"},
        "reason": {"description": "why it waits in quarantine", "type": ["string", "null"]},
        "notes": {
            "description": "what could not be read for certain: our field, a code, the text as it came",
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "detail"],
                "properties": {name: {"type": "string"} for name in ("field", "code", "detail")},
            },
        },
        "lead_id": {"type": ["string", "null"], "format": "uuid"},
        "order_number": {"type": ["string", "null"]},
        "disposition": _DISPOSITION,
        "facts": {
            "description": "what became of each part, when there are several",
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "kind": {"type": ["string", "null"]},
                    "disposition": _DISPOSITION,
                    "lead_id": {"type": ["string", "null"], "format": "uuid"},
                    "order_number": {"type": ["string", "null"]},
                    "reason": {"type": ["string", "null"]},
                },
            },
        },
    },
}
_BODY: dict[str, object] = {
    "content": {"application/json": {}, "application/x-www-form-urlencoded": {}},
    "description": "An order as the source writes it",
}
REFUSALS = (
    "malformed_request", "sender_unverified", "not_found", "body_too_large", "too_many_requests", "internal_error",
    "unavailable",
)  # fmt: skip
#: Which of them a source wants is its `auth`; `{}`: none.
PROOFS: list[dict[str, list[str]]] = [
    {"source_token": []}, {"source_token_in_query": []}, {"source_token_as_password": []}, {"signature": []},
    {"provider_signature": []}, {},
]  # fmt: skip

log = get_logger(__name__)


class Webhook:
    """Takes one delivery and answers it."""

    async def __call__(self, scope: Scope, receive_part: Receive, send: Send) -> None:
        """Serve one request. Raises Problem."""
        ctx: Context = scope["app"].state.ctx
        known = await _known(ctx, scope["path_params"]["source_key"])
        allow_origins(scope, known.source.origins)
        if scope["method"] in {"HEAD", "OPTIONS"}:
            await _send(send, Reply(204))
            return
        limit_body(Request(scope), known.source.body_limit)
        raw = _request(scope, await _body(receive_part), known.source.body_limit)
        _check_sender(known, raw)
        answer = await _store(ctx, known, raw)
        faultpoints.reach("intake.committed")
        thanks = known.source.thanks_url
        if thanks is not None and _is_visitor(raw):
            await _send(send, Reply(303), location=thanks)
        else:
            await _send(send, known.source.format.reply(answer))


def _is_visitor(raw: RawRequest) -> bool:
    """Return whether a browser shows the answer to a person: it has sent a form, and no script reads it."""
    mode = raw.headers.get("sec-fetch-mode", "navigate")
    return mode == "navigate" and "text/html" in raw.headers.get("accept", "")


def _request(scope: Scope, body: bytes, limit: int) -> RawRequest:
    """Return the request, its body unpacked. Raises Problem when that is more than `limit` bytes."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    packed, encodings = None, headers.get("content-encoding")
    if encodings is not None:
        try:
            packed, body = body, unpacked(body, encodings.split(","), limit)
        except TooLargeError:
            raise Problem(413, "body_too_large", extra={"limit": limit}) from None
    raw = scope.get("extensions", {}).get(RAW_TARGET)
    query = scope["query_string"] if raw is None else raw["target"].partition(b"?")[2]
    return RawRequest(scope["method"], query, headers, body, packed)


def _operation(method: str) -> dict[str, object]:
    return {
        "tags": ["hooks"],
        "summary": "Deliver an order",
        "description": "In the source's own format, with the source's own proof of the sender.",
        "operationId": "deliver" if method == "POST" else "deliver_by_get",
        "security": PROOFS,
        "parameters": [{"name": "source_key", "in": "path", "required": True, "schema": {"type": "string"}}],
        "responses": {
            "202": {"description": "Kept", "content": {"application/json": {"schema": _ANSWER}}},
            "200": {"description": "Kept; in the words that the sender needs", "content": {"text/plain": {}}},
            "303": {
                "description": "Kept; the visitor of a form is sent to the source's `thanks_url`",
                "headers": {"Location": {"required": True, "schema": {"type": "string", "format": "uri"}}},
            },
        },
    }


def webhook_routes() -> tuple[Route, ...]:
    """Return the routes of the webhook; the longer one is the same operation, and not described again."""
    operations = {"get": _operation("GET"), "post": {**_operation("POST"), "requestBody": _BODY}}
    longer = Route(LONGER, Webhook(), methods=["GET", "POST", "OPTIONS"], include_in_schema=False)
    asked = Route(PATH, Webhook(), methods=["OPTIONS"], include_in_schema=False)  # what a page elsewhere may send
    return DescribedRoute(PATH, Webhook(), operations, REFUSALS), longer, asked


async def _store(ctx: Context, known: Known, raw: RawRequest) -> Answer:
    """Store the delivery and count it. Raises Problem when nothing was stored."""
    try:
        answer = await receive(ctx, known.source, raw, current_traceparent())
    except OverloadedError as error:
        ctx.deliveries.labels("refused", "overloaded").inc()
        raise unavailable(error.retry_after) from None
    except Exception as error:
        ctx.deliveries.labels("refused", type(error).__name__).inc()
        if is_transient(error):
            log.warning(
                "delivery not stored: database unavailable",
                source=known.source.code,
                error_type=type(error).__name__,
            )
            raise unavailable() from error
        raise
    if answer.lead_id is not None:
        bind(lead_id=str(answer.lead_id))
    ctx.deliveries.labels(answer.disposition, answer.reason or "").inc()
    return answer


async def _known(ctx: Context, key: str) -> Known:
    try:
        known = await ctx.sources.get(key)
    except Exception as error:
        if is_transient(error):
            raise unavailable() from error
        raise
    if known is None or not known.source.active:
        raise Problem(404, "not_found")
    return known


async def _body(receive_part: Receive) -> bytes:
    parts: list[bytes] = []
    more = True
    while more:
        message = await receive_part()
        if message["type"] == "http.disconnect":
            raise Problem(400, "malformed_request")
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def _check_sender(known: Known, raw: RawRequest) -> None:
    source = known.source
    proof = source.format.verify(raw)
    if proof is Proof.PREVIOUS:
        log.info("request proved with a previous secret", source=source.code, desk=source.desk)
    if proof is Proof.REFUSED:
        raise _unverified(source, raw)
    wait = known.pace.take(time.monotonic())
    if wait:
        raise Problem(429, "too_many_requests", headers={"Retry-After": str(math.ceil(wait))})


def _unverified(source: Source, raw: RawRequest) -> Problem:
    """Return a 401 that names the ways to prove the sender; Basic only to who has tried it."""
    ways = source.format.ways
    named = Text(f"Источник принимает: {', '.join(ways)}", f"The source takes: {', '.join(ways)}")
    # Of a scheme that they know browsers make a window to log in.
    scheme = "Basic" if raw.headers.get("authorization", "").lower().startswith("basic") else "Source"
    challenge = {"WWW-Authenticate": f'{scheme} realm="dozvon"'}
    return Problem(401, "sender_unverified", detail=named, headers=challenge, extra={"ways": ways})


async def _send(send: Send, reply: Reply, location: str | None = None) -> None:
    headers = [(b"content-type", reply.media.encode()), (b"content-length", str(len(reply.body)).encode())]
    if location is not None:
        headers.append((b"location", location.encode("ascii", "ignore")))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
