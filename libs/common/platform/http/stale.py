"""The 412 of who changes what has another version by now: apart from `etag`, which reads what routes are given."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from libs.common.platform.http.problems import Problem

STALE = "stale_version"


def etag(version: int) -> str:
    return f'"{version}"'


class Versioned(Protocol):
    """A model with a version."""

    version: int

    def model_dump(self, *, mode: str) -> dict[str, object]: ...


def stale(current: Versioned, changes: Sequence[Mapping[str, object]] | None = None) -> Problem:
    """Return the 412 that carries the current state, and who changed what (None: as the route has kept it)."""
    said = {} if changes is None else {"changes": changes}
    extra = {"current": current.model_dump(mode="json"), **said}
    return Problem(412, STALE, headers={"ETag": etag(current.version)}, extra=extra)
