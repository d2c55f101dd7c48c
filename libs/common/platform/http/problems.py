"""Problem details (RFC 9457): one shape for every error, all faults at once, no internals.

Domain errors know no HTTP: a table per service maps them (`ErrorTable`). A domain error may carry `faults`
(a sequence of `Fault`), `context` (members added to the problem: `current`, `existing`), `retry_after`, and in both
languages `detail`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, cast

from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from libs.common.platform.http.catalogue import BY_STATUS, ProblemType, type_of
from libs.common.platform.http.language import Language, Text, language_of

BASE = "https://dozvon.dev/problems/"
MEDIA_TYPE = "application/problem+json"
MAX_FAULTS = 100

Place: TypeAlias = Literal["body", "query", "path", "header", "cookie"]
ErrorRule: TypeAlias = tuple[int, str] | ProblemType
ErrorTable: TypeAlias = Mapping[type[Exception], ErrorRule]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a request: `pointer` is a JSON pointer (RFC 6901) inside `place`."""

    pointer: str
    code: str
    detail: str | Text = ""
    place: Place = "body"

    def as_json(self, language: Language) -> dict[str, str]:
        """Return the member of `errors`."""
        detail = _in_language(self.detail, language)
        return {"pointer": self.pointer, "code": self.code, "detail": detail, "in": self.place}


class NotKnownYetError(Exception):
    """Names of another service that are not known here: word of them may be on its way. `waits_for` names each."""

    retry_after = 2

    def __init__(self, waits_for: Sequence[Mapping[str, object]]) -> None:
        super().__init__()
        self.context = {"waits_for": list(waits_for)}


class Problem(HTTPException):
    """An answer that is an error; `extra` become members of the document (`current`, `existing`)."""

    def __init__(
        self,
        status: int,
        code: str,
        *,
        title: str | None = None,
        detail: str | Text | None = None,
        errors: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(status, code, headers)
        self.code = code
        self.title = title
        self.text = detail
        self.errors = tuple(errors[:MAX_FAULTS])
        self.extra = dict(extra or {})


@dataclass(frozen=True, slots=True)
class ProblemStyle:
    """How an app writes its problems: URI base of `type`, the language when the caller names none, its table."""

    base: str = BASE
    default_language: Language = Language.RU
    table: dict[type[Exception], ErrorRule] = field(default_factory=dict)

    def rule_for(self, error: Exception) -> ErrorRule | None:
        """Return the rule of the error's nearest class."""
        return next((self.table[kind] for kind in type(error).__mro__ if kind in self.table), None)


def request_language(request: Request) -> Language:
    return language_of(request.headers.get("accept-language"), style_of(request).default_language)


def style_of(request: Request) -> ProblemStyle:
    style = getattr(request.app.state, "problems", None)
    return style if isinstance(style, ProblemStyle) else ProblemStyle()


def problem_response(request: Request, problem: Problem) -> Response:
    """Return the problem as `application/problem+json` in the caller's language."""
    language = request_language(request)
    kind = type_of(problem.status_code, problem.code)
    document: dict[str, object] = {
        **problem.extra,
        "type": style_of(request).base + problem.code,
        "title": problem.title or kind.title.in_language(language),
        "status": problem.status_code,
        "code": problem.code,
    }
    if problem.text:
        document["detail"] = _in_language(problem.text, language)
    if problem.errors:
        document["errors"] = [fault.as_json(language) for fault in problem.errors]
    if request_id := request.scope.get("state", {}).get("request_id"):
        document["instance"] = f"urn:request:{request_id}"
    headers = {**(problem.headers or {}), "Content-Language": language.value}
    return Response(to_json(document), problem.status_code, headers, MEDIA_TYPE)


def _in_language(text: str | Text, language: Language) -> str:
    return text.in_language(language) if isinstance(text, Text) else text


def domain_problem(error: Exception, rule: ErrorRule) -> Problem:
    """Return the problem of a domain error by its rule."""
    status, code = (rule.status, rule.code) if isinstance(rule, ProblemType) else rule
    faults = [fault for fault in getattr(error, "faults", ()) if isinstance(fault, Fault)]
    context = getattr(error, "context", None)
    retry_after = getattr(error, "retry_after", None)
    said = getattr(error, "detail", None)
    return Problem(
        status,
        code,
        detail=said if isinstance(said, Text) else str(error) or None,
        errors=faults,
        headers={"Retry-After": str(max(1, math.ceil(retry_after)))}
        if isinstance(retry_after, int | float)
        else None,
        extra=cast("Mapping[str, object]", context) if isinstance(context, Mapping) else None,
    )


def framework_problem(error: HTTPException) -> Problem:
    """Return the problem of a bare error of the framework (404, 405, 400)."""
    if isinstance(error, Problem):
        return error
    kind = BY_STATUS.get(error.status_code)
    code = kind.code if kind else f"http_{error.status_code}"
    return Problem(error.status_code, code, headers=error.headers)
