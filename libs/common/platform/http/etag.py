"""Where what was made is (`Location`); its version: `ETag`, `If-Match`, 412 with the current state (RFC 9110)."""

import re
from typing import Annotated

from fastapi import Depends, Header, Response
from pydantic import BaseModel

from libs.common.platform.http.language import Text
from libs.common.platform.http.problems import Fault, Problem
from libs.common.platform.http.wire import MAX_INTEGER

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


def required_version(if_match: _IfMatch = None) -> int:
    """Return the version the caller saw. Raises Problem 428 without If-Match, 400 for a malformed tag."""
    if if_match is None:
        raise Problem(428, "version_required")
    match = _TAG.fullmatch(if_match.strip())
    if match is None:
        fault = Fault(
            "/if-match", "malformed_tag", Text('одна метка вида "3"', 'give one tag, as in "3"'), "header"
        )
        raise Problem(400, "malformed_request", errors=[fault])
    return min(int(match[1]), MAX_INTEGER)


IfMatch = Annotated[int, Depends(required_version)]


def stale(current: BaseModel, version: int) -> Problem:
    """Return the 412 that carries the current state."""
    return Problem(
        412, "stale_version", headers={"ETag": etag(version)}, extra={"current": current.model_dump(mode="json")}
    )
