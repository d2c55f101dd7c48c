"""Failures of the database as answers: what will pass is 503 with Retry-After, what cannot be stored 422."""

from collections.abc import Iterator

import asyncpg
import sqlalchemy.exc

from libs.common.platform.http.problems import Problem

RETRY_AFTER = 2  # seconds

_PASSING: tuple[type[BaseException], ...] = (
    asyncpg.PostgresConnectionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,  # shut down, starting, statement_timeout
    asyncpg.LockNotAvailableError,
    asyncpg.TransactionRollbackError,  # deadlock, serialization
    asyncpg.ReadOnlySQLTransactionError,  # a standby that was promoted or demoted under us
    sqlalchemy.exc.TimeoutError,  # no connection in the pool
    ConnectionError,
    TimeoutError,
)
_CLOSED = (
    "connection is closed",
    "connection was closed",
    "pool is closing",
    "pool is closed",
    "has been released",
)


def database_problem(error: Exception) -> Problem | None:
    """Return the answer to a failure of the database, or None when the error is none."""
    for cause in _causes(error):
        if isinstance(cause, _PASSING) or _is_closed(cause):
            return unavailable()
        if isinstance(cause, asyncpg.DataError) or _is_bad_argument(cause):
            return Problem(422, "unstorable_value")
    return None


def unavailable(retry_after: int = RETRY_AFTER) -> Problem:
    """Return a 503; `retry_after` in seconds."""
    return Problem(503, "unavailable", headers={"Retry-After": str(retry_after)})


def _is_closed(error: BaseException) -> bool:
    return isinstance(error, asyncpg.InterfaceError) and any(text in str(error) for text in _CLOSED)


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
