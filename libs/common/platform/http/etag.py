"""Where what was made is (`Location`); its version: `ETag`, `If-Match`, 412 with the current state (RFC 9110).

Without `If-Match` a change is 428 (RFC 6585 §3), but 404 to who may not see what they would change: until that is
looked at, their version is `UNSEEN`, which nothing has.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, Header, Response
from starlette.requests import Request

from libs.common.platform.http.language import Text
from libs.common.platform.http.problems import Fault, Problem
from libs.common.platform.http.stale import STALE, Versioned, etag, stale
from libs.common.platform.http.wire import MAX_INTEGER
from libs.common.platform.versions import StaleVersionError

#: The version of who names none.
UNSEEN = -1
# Weak tags are accepted too: a gateway that compresses turns strong tags into weak ones.
_IfMatch = Annotated[str | None, Header(alias="If-Match", description="the ETag that was read; required")]
_TAG = re.compile(r'(?:W/)?"(\d{1,18})"')


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
