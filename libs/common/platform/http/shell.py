"""The one middleware: request id, trace, body limit, metrics, access line, headers, other origins, last resort.

Plain ASGI and a single layer, because each layer costs time on the hot path. The access line holds the route's
template, never the path: paths carry keys.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from time import perf_counter

from opentelemetry.trace import SpanKind
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from libs.common.platform.http.cors import cors_headers, is_allowed, is_preflight
from libs.common.platform.http.failures import unavailable
from libs.common.platform.http.problems import Problem, problem_response
from libs.common.platform.http.translate import to_problem
from libs.common.platform.ids import uuid7
from libs.common.platform.telemetry.context import enter, leave, parse_traceparent
from libs.common.platform.telemetry.logs import get_logger, write_line
from libs.common.platform.telemetry.masking import mask
from libs.common.platform.telemetry.tracing import Tracing

BODY_LIMIT = 262_144  # bytes
# Requests at once in one process, streams included: far above what the webhook's queue may hold.
MAX_REQUESTS = 8192
_LIMIT_KEY = "dozvon.body_limit"
_WEBHOOKS = "/hooks/"
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
)
_CLOSED = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_NO_STORE = (b"cache-control", b"no-store")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_QUIET = ("/livez", "/readyz", "/metrics")

log = get_logger(__name__)


class HttpMetrics:
    """Requests and seconds by route template; children are kept at hand, so that a request costs two additions."""

    def __init__(self, registry: CollectorRegistry) -> None:
        names = ("method", "route", "status")
        self._requests = Counter("http_requests", "Requests answered", names, registry=registry)
        self._seconds = Histogram(
            "http_request_seconds", "Seconds to the last byte", names[:2], registry=registry, buckets=_BUCKETS
        )
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        children = self._children.get((method, route, status))
        if children is None:
            children = self._requests.labels(method, route, status), self._seconds.labels(method, route)
            self._children[method, route, status] = children
        children[0].inc()
        children[1].observe(seconds)


def limit_body(request: Request, limit: int) -> None:
    """Set this request's own body limit in bytes (a source's), before its body is read."""
    request.scope[_LIMIT_KEY] = limit


class Shell:
    """Wrap an app; `templates` gives the route template of an endpoint that does not say it itself."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        service: str,
        tracing: Tracing,
        metrics: HttpMetrics,
        body_limit: int,
        templates: Mapping[object, str],
        origins: Collection[str] = (),
    ) -> None:
        self.app = app
        self.service = service
        self.tracing = tracing
        self.metrics = metrics
        self.body_limit = body_limit
        self.templates = templates
        self.origins = origins
        self.running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        self.running += 1
        try:
            await _Exchange(self, scope, receive, send).run()
        finally:
            self.running -= 1


class _Exchange:
    """One request and its answer."""

    __slots__ = ("headers", "received", "receiver", "request_id", "scope", "sender", "shell", "span", "status")

    def __init__(self, shell: Shell, scope: Scope, receive: Receive, send: Send) -> None:
        self.shell = shell
        self.scope = scope
        self.receiver = receive
        self.sender = send
        self.received = 0
        self.status = 0
        found: dict[bytes, bytes] = dict(scope["headers"])
        self.headers = found
        self.request_id = _request_id(found.get(b"x-request-id"))
        scope.setdefault("state", {})["request_id"] = self.request_id
        parent = parse_traceparent(found.get(b"traceparent", b"").decode("latin-1"))
        self.span = shell.tracing.open(parent, scope["method"], SpanKind.SERVER)

    async def run(self) -> None:
        started = perf_counter()
        self.shell.tracing.activate()
        tokens = enter(self.span.trace, service=self.shell.service, request_id=self.request_id)
        try:
            if self.shell.running > MAX_REQUESTS:
                await self._refuse(unavailable(1))
            elif self._is_answered_preflight():
                await Response(status_code=204)(self.scope, self.receive, self.send)
            else:
                await self.shell.app(self.scope, self.receive, self.send)
        except Exception as error:  # noqa: BLE001 - the last place that can still answer
            await self._last_resort(error)
        finally:
            self._finish(perf_counter() - started)
            leave(tokens)

    def _is_answered_preflight(self) -> bool:
        # A webhook answers for itself: each of its sources has origins of its own.
        if not self.shell.origins or _WEBHOOKS in self.scope["path"]:
            return False
        return is_preflight(self.scope, self.headers) and is_allowed(self.headers, self.shell.origins)

    async def receive(self) -> Message:
        """Give the app the next part of the body. Raises Problem 413 at the first byte too many."""
        limit: int = self.scope.get(_LIMIT_KEY, self.shell.body_limit)
        if self.received == 0 and _length(self.headers.get(b"content-length")) > limit:
            raise _too_large(limit)
        message = await self.receiver()
        self.received += len(message.get("body", b""))
        if self.received > limit:
            raise _too_large(limit)
        return message

    async def send(self, message: Message) -> None:
        """Pass the answer on with our headers."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = self._dressed(message.get("headers", ()))
        await self.sender(message)

    def _dressed(self, given: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        headers = [
            *given,
            (b"x-request-id", self.request_id.encode("ascii")),
            (b"traceparent", self.span.traceparent.encode("ascii")),
            *_SECURITY,
        ]
        if b"origin" in self.headers:
            shared = () if _WEBHOOKS in self.scope["path"] else self.shell.origins
            headers += cors_headers(self.scope, self.headers, shared)
        if not any(name == b"cache-control" for name, _ in headers):
            headers.append(_NO_STORE)
        if not any(name == _CLOSED[0] for name, _ in headers):
            headers.append(_CLOSED)
        return headers

    async def _last_resort(self, error: Exception) -> None:
        request = Request(self.scope, self.receiver)
        problem = to_problem(request, error) or Problem(500, "internal_error")
        if problem.status_code >= 500 or problem.code == "unstorable_value":
            log.error("request failed", exc_info=error, route=self._route(), status=problem.status_code)
            self.span.fail(type(error).__name__)
        if self.status:
            # Part of the answer is sent already: closing the connection is the only way to report the error.
            raise error
        await self._refuse(problem)

    async def _refuse(self, problem: Problem) -> None:
        await problem_response(Request(self.scope), problem)(self.scope, self.receiver, self.send)

    def _route(self) -> str:
        route = self.scope.get("route")
        path = getattr(route, "path_format", None) or self.shell.templates.get(self.scope.get("endpoint"))
        return path or "unmatched"

    def _finish(self, seconds: float) -> None:
        route, status = self._route(), self.status
        method = self.scope["method"] if self.scope["method"] in _METHODS else "other"
        self.shell.metrics.observe(method if route != "unmatched" else "other", route, status, seconds)
        self.span.rename(f"{method} {route}")
        self.span.set("http.response.status_code", status)
        self.span.end()
        if not (status < 400 and route.endswith(_QUIET)):
            fields = {"method": method, "route": route, "status": status, "ms": round(seconds * 1000, 2)}
            write_line("info", "request", fields)


def _request_id(given: bytes | None) -> str:
    # A caller's id is kept unless it could be a phone or another value that masking would change.
    if given and _REQUEST_ID.fullmatch(given) and mask(text := given.decode("ascii")) == text:
        return text
    return str(uuid7())


def _length(header: bytes | None) -> int:
    return int(header) if header and header.isdigit() and len(header) < 19 else 0


def _too_large(limit: int) -> Problem:
    return Problem(413, "body_too_large", headers={"Connection": "close"}, extra={"limit": limit})
