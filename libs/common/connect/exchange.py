"""A call as values: the request, the reply, and what is known when no reply came. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self, TypeAlias
from urllib.parse import urlencode, urlsplit

import orjson

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True, repr=False)
class HttpRequest:
    """What is sent. Headers, query and body may hold secrets: the representation shows method and host alone."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def __repr__(self) -> str:
        return f"HttpRequest({self.method} {urlsplit(self.url).hostname})"

    def traced(self, traceparent: str) -> Self:
        """Return the request as a part of a trace."""
        return replace(self, headers={**self.headers, "traceparent": traceparent})

    @classmethod
    def json(cls, method: str, url: str, value: object, headers: Mapping[str, str]) -> Self:
        return cls(method, url, {**headers, "content-type": "application/json"}, orjson.dumps(value))

    @classmethod
    def form(
        cls,
        url: str,
        fields: Mapping[str, str] | Sequence[tuple[str, str]],
        headers: Mapping[str, str] | None = None,
    ) -> Self:
        """Return a POST of a form, in UTF-8."""
        return cls("POST", url, {**(headers or {}), "content-type": FORM}, urlencode(fields).encode())


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. Header names are in lower case; a body beyond the cap is left out (`too_long`)."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    too_long: bool = False

    def json(self) -> dict[str, object]:
        """Return the body's JSON object; an empty one for anything else."""
        try:
            value = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return {}
        return value if isinstance(value, dict) else {}


@dataclass(frozen=True, slots=True)
class Lost:
    """No reply. `arrived`: a byte had left, so the other side may have the request."""

    arrived: bool
    code: str
    detail: str = ""


Answered: TypeAlias = Reply | Lost

UNREACHABLE = "unreachable"
NO_ANSWER = "no_answer"
FORBIDDEN = "address_forbidden"
MALFORMED = "request_malformed"
