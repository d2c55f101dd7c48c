"""Answers to failures of the database: 503 with Retry-After when transient, 422 for values it cannot store."""

from collections.abc import Iterator

import asyncpg

from libs.common.platform.db.errors import is_transient
from libs.common.platform.http.problems import Problem

RETRY_AFTER = 2  # seconds


def database_problem(error: Exception) -> Problem | None:
    """Return the answer to a failure of the database, or None when the error is none."""
    for cause in _causes(error):
        if is_transient(cause):
            return unavailable()
        if isinstance(cause, asyncpg.DataError) or _is_bad_argument(cause):
            return Problem(422, "unstorable_value")
    return None


def unavailable(retry_after: int = RETRY_AFTER) -> Problem:
    """Return a 503; `retry_after` in seconds."""
    return Problem(503, "unavailable", headers={"Retry-After": str(retry_after)})


def _is_bad_argument(error: BaseException) -> bool:
    # The driver's own refusal to encode a value: unlike the server's it has no public name.
    return isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError)


def _causes(error: BaseException) -> Iterator[BaseException]:
    # SQLAlchemy wraps the driver's error twice: `.orig`, and the driver's own as its cause.
    seen: BaseException | None = error
    for _ in range(5):
        if seen is None:
            return
        yield seen
        orig = getattr(seen, "orig", None)
        seen = orig if isinstance(orig, BaseException) else seen.__cause__
