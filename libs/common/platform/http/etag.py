"""Where what was made is (`Location`); its version: `ETag`, `If-Match`, 412 with the current state (RFC 9110).

Without `If-Match` a change is 428 (RFC 6585 §3), but 404 to who may not see what they would change: until that is
looked at, their version is `UNSEEN`, which nothing has.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Protocol

from fastapi import Depends, Header, Response
from starlette.requests import Request

from libs.common.platform.http.language import Text
from libs.common.platform.http.problems import Fault, Problem
from libs.common.platform.http.wire import MAX_INTEGER
from libs.common.platform.versions import StaleVersionError

STALE = "stale_version"
#: The version of who names none.
UNSEEN = -1
# Weak tags are accepted too: a gateway that compresses turns strong tags into weak ones.
_IfMatch = Annotated[str | None, Header(alias="If-Match", description="the ETag that was read; required")]
_TAG = re.compile(r'(?:W/)?"(\d{1,18})"')


def etag(version: int) -> str:
    return f'"{version}"'


def set_etag(response: Response, version: int) -> None:
    response.headers["ETag"] = etag(version)


def set_location(response: Response, prefix: str, key: object) -> None:
    """Say where what was made can be read: under the router's prefix by its key (RFC 9110 §10.2.2)."""
    response.headers["Location"] = f"{prefix}/{key}"


async def required_version(if_match: _IfMatch = None) -> int:
    """Return the version the caller saw, UNSEEN without If-Match. Raises Problem 400 for a malformed tag."""
    if if_match is None:
        return UNSEEN
    match = _TAG.fullmatch(if_match.strip())
    if match is None:
        fault = Fault(
            "/if-match", "malformed_tag", Text('одна метка вида "3"', 'give one tag, as in "3"'), "header"
        )
        raise Problem(400, "malformed_request", errors=[fault])
    return min(int(match[1]), MAX_INTEGER)


IfMatch = Annotated[int, Depends(required_version)]


class Versioned(Protocol):
    """A model with a version."""

    version: int

    def model_dump(self, *, mode: str) -> dict[str, object]: ...


def stale(current: Versioned, changes: Sequence[Mapping[str, object]] | None = None) -> Problem:
    """Return the 412 that carries the current state, and who changed what (None: as the route has kept it)."""
    said = {} if changes is None else {"changes": changes}
    extra = {"current": current.model_dump(mode="json"), **said}
    return Problem(412, STALE, headers={"ETag": etag(current.version)}, extra=extra)


@asynccontextmanager
async def answering_stale(read: Callable[[], Awaitable[Versioned]]) -> AsyncIterator[None]:
    """Answer a change of what has another version by 412: with what `read` gives then, not what it gave before."""
    try:
        yield
    except StaleVersionError:
        current = await read()
        raise stale(current) from None


def named(problem: Problem, request: Request) -> Problem:
    """Return the refusal of a request: one of a stale version that it never named is 428."""
    unnamed = problem.code == STALE and "if-match" not in request.headers
    return Problem(428, "version_required") if unnamed else problem
