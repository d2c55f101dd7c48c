"""Pages of other origins (Fetch standard, CORS): who may read our answers, and what a browser asks beforehand.

No cookie proves a caller here, so credentials of the browser are never allowed.
"""

from collections.abc import Collection, Iterator, Mapping

from starlette.types import Scope

Header = tuple[bytes, bytes]

ANY = "*"
EXPOSED = ("ETag", "Location", "Retry-After", "Idempotency-Replayed", "X-Request-Id")
_ASKED = b"access-control-request-method"
_ASKED_HEADERS = b"access-control-request-headers"
_METHODS = b"GET, POST, PUT, PATCH, DELETE"
_SECONDS = b"7200"  # that a browser remembers an answer
_OWN_KEY = "dozvon.origins"


def allow_origins(scope: Scope, origins: Collection[str]) -> None:
    """Set the origins of this request's own route, in place of the service's."""
    scope[_OWN_KEY] = origins


def is_preflight(scope: Scope, headers: Mapping[bytes, bytes]) -> bool:
    """Return whether a browser asks what it may send, before it sends it."""
    return scope["method"] == "OPTIONS" and b"origin" in headers and _ASKED in headers


def is_allowed(headers: Mapping[bytes, bytes], origins: Collection[str]) -> bool:
    """Return whether a request comes from a page that may read the answer."""
    return ANY in origins or headers.get(b"origin", b"").decode("latin-1") in origins


def cors_headers(scope: Scope, headers: Mapping[bytes, bytes], origins: Collection[str]) -> Iterator[Header]:
    """Yield what lets a page read this answer in a browser; nothing for a page that may not."""
    allowed: Collection[str] = scope.get(_OWN_KEY, origins)
    if b"origin" not in headers or not allowed:
        return
    yield b"vary", b"Origin"
    if not is_allowed(headers, allowed):
        return
    yield b"access-control-allow-origin", b"*" if ANY in allowed else headers[b"origin"]
    if is_preflight(scope, headers):
        yield b"access-control-allow-methods", _METHODS
        yield b"access-control-allow-headers", headers.get(_ASKED_HEADERS, b"*")
        yield b"access-control-max-age", _SECONDS
    else:
        yield b"access-control-expose-headers", ", ".join(EXPOSED).encode()
