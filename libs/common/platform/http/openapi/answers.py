"""The answers of an operation: a status each, with the problem codes that may come with it."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

from libs.common.platform.http.catalogue import CATALOGUE, ProblemType, type_of
from libs.common.platform.http.openapi.parts import PROBLEM, header_refs, problem_content
from libs.common.platform.http.openapi.shape import Document, Shape
from libs.common.platform.http.problems import ErrorTable

#: Refusals that are the same wherever they may come, each once in the document.
_COMMON: Mapping[str, tuple[str, ...]] = {
    "Unauthenticated": ("unauthenticated", "invalid_token"),
    "Forbidden": ("forbidden",),
    "NotFound": ("not_found",),
    "BodyTooLarge": ("body_too_large",),
    "UnsupportedMediaType": ("unsupported_media_type",),
    "Unprocessable": ("validation_failed", "unstorable_text", "unstorable_value"),
    "VersionRequired": ("version_required",),
    "TooManyRequests": ("too_many_requests",),
    "InternalError": ("internal_error",),
    "Unavailable": ("unavailable",),
}
_COMES_AGAIN = frozenset({429, 503})
STALE = 412
LAGS = "not_known_yet"  # what one service has yet to hear of another comes by itself
_BY_CODES = {frozenset(codes): name for name, codes in _COMMON.items()}


class Codes:
    """The problem codes of one service with their statuses."""

    def __init__(self, errors: ErrorTable) -> None:
        own = (rule if isinstance(rule, ProblemType) else type_of(*rule) for rule in errors.values())
        self._known = {**CATALOGUE, **{kind.code: kind for kind in own}}

    def by_status(self, codes: Sequence[str]) -> dict[int, list[ProblemType]]:
        """Return the codes by status, in order. Raises KeyError for a code that the service does not know."""
        found: dict[int, list[ProblemType]] = defaultdict(list)
        for code in dict.fromkeys(codes):
            found[self._known[code].status].append(self._known[code])
        return dict(sorted(found.items()))


def codes_of(shape: Shape) -> Iterator[str]:
    """Yield the codes that follow from a route's shape."""
    if shape.grants is not None:
        yield from ("unauthenticated", "invalid_token")
    if shape.grants:
        yield "forbidden"
    if shape.takes_body:
        yield from ("malformed_request", "malformed_json", "body_too_large", "unsupported_media_type")
    if shape.takes_key:
        yield from ("malformed_request", "body_too_large")
    if shape.has_pages:
        yield "invalid_cursor"
    if shape.has_path:
        yield "not_found"
    if shape.takes_version:
        yield from ("malformed_request", "version_required", "stale_version")
    yield from ("validation_failed", "unstorable_text", "unstorable_value")
    if shape.takes_key:
        yield from ("request_in_progress", "answer_lost", "idempotency_key_reused")
    yield from ("internal_error", "unavailable")


def refusals(found: Mapping[int, Sequence[ProblemType]], current: object = None) -> Document:
    """Return the responses of all refusals; `current` is the schema of what a stale version is answered with."""
    return {str(status): _refusal(status, kinds, current) for status, kinds in found.items()}


def common_responses() -> Document:
    """Return the components that `refusals` refers to."""
    return {name: _described(CATALOGUE[codes[0]].status, [CATALOGUE[code] for code in codes])
            for name, codes in _COMMON.items()}  # fmt: skip


def not_modified() -> Document:
    """Return the answer to a caller who has what there is."""
    return {"description": "You have it already", "headers": header_refs("ETag", "X-Request-Id")}


def success_headers(shape: Shape) -> dict[str, object]:
    """Return the headers of an answer that is no refusal."""
    shown = {
        "ETag": shape.sets_etag,
        "Location": shape.sets_location,
        "Idempotency-Replayed": shape.takes_key,
        "X-Request-Id": True,
    }
    return header_refs(*(name for name, is_sent in shown.items() if is_sent))


def _refusal(status: int, kinds: Sequence[ProblemType], current: object) -> Document:
    name = _BY_CODES.get(frozenset(kind.code for kind in kinds))
    if name is not None:
        return {"$ref": f"#/components/responses/{name}"}
    return _described(status, kinds, current if status == 412 else None)


_CHANGES: Document = {
    "type": "array",
    "description": "who changed what since the version that was named, the newest first",
    "items": {
        "type": "object",
        "required": ["at", "by", "what", "fields"],
        "properties": {
            "at": {"type": "string", "format": "date-time", "description": "when"},
            "by": {"type": "string", "description": "who: a caller's `sub`, an operator's id, or `system`"},
            "what": {"type": "string", "description": "by which operation or rule"},
            "fields": {"type": "array", "items": {"type": "string"}, "description": "what they gave"},
        },
    },
}


def _described(status: int, kinds: Sequence[ProblemType], current: object = None) -> Document:
    properties: Document = {
        "status": {"type": "integer", "enum": [status]},
        "code": {"type": "string", "enum": [kind.code for kind in kinds]},
    }
    required = ["status", "code"]
    if current is not None:
        properties |= {"current": current, "changes": _CHANGES}
        required.append("current")
    narrowed = {"type": "object", "required": required, "properties": properties}
    return {
        "description": "; ".join(f"`{kind.code}`: {kind.title.en}" for kind in kinds),
        "headers": _headers(status, {kind.code for kind in kinds}, current is not None),
        "content": problem_content({"allOf": [PROBLEM, narrowed]}),
    }


def _headers(status: int, codes: Collection[str], has_current: bool) -> dict[str, object]:
    shown = {
        "WWW-Authenticate": status in (401, 403),
        "Retry-After": status in _COMES_AGAIN or LAGS in codes,
        "ETag": has_current or status == STALE,
        "X-Request-Id": True,
    }
    return header_refs(*(name for name, is_sent in shown.items() if is_sent))
