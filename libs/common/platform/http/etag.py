"""Versions: an ETag from a resource's `version`, If-Match on changes, 412 with the current state (RFC 9110 §13)."""

import re
from typing import Annotated

from fastapi import Depends, Header, Response
from pydantic import BaseModel

from libs.common.platform.http.language import Text
from libs.common.platform.http.problems import Fault, Problem

# Weak tags are accepted too: a gateway that compresses turns strong tags into weak ones.
_IfMatch = Annotated[str | None, Header(alias="If-Match", description="the ETag that was read; required")]
_TAG = re.compile(r'(?:W/)?"(\d{1,18})"')


def etag(version: int) -> str:
    return f'"{version}"'


def set_etag(response: Response, version: int) -> None:
    response.headers["ETag"] = etag(version)


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
    return int(match[1])


IfMatch = Annotated[int, Depends(required_version)]


def stale(current: BaseModel, version: int) -> Problem:
    """Return the 412 that carries the current state."""
    return Problem(
        412, "stale_version", headers={"ETag": etag(version)}, extra={"current": current.model_dump(mode="json")}
    )
