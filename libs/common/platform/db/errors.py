"""Transient and permanent failures of the database: the one place that distinguishes them.

The server's errors are judged by SQLSTATE, those of driver and network by class.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import asyncpg
import sqlalchemy.exc

# A lost or refused connection, a lost race, a full or restarting server, a failed-over one.
_CLASSES = ("08", "40", "53", "57", "58")
_READ_ONLY = "25006"  # a standby was promoted or demoted
_IDLE_TOO_LONG = "25P03"
_CONTENTION = frozenset({"55006", "55P03"})  # an object in use, a lock time-out
_CODES = _CONTENTION | {_READ_ONLY, _IDLE_TOO_LONG}
_LOST = ("connection", "pool")
_OUT_OF_REACH = ("08", "53300", "57P")  # no connection, none left, a server that stops or starts


class UnreachableError(OSError):
    """A database that cannot be connected to; the text names it without its password, and the reason."""


@contextmanager
def connecting(url: str) -> Iterator[None]:
    """Name the database in what goes wrong with a connection. Raises UnreachableError."""
    try:
        yield
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        parts = urlsplit(url)
        place = parts.hostname or parse_qs(parts.query).get("host", ["?"])[0]
        named = f"{parts.path.removeprefix('/')} at {place}:{parts.port or 5432} as {parts.username}"
        raise UnreachableError(f"cannot connect to database {named}: {error or type(error).__name__}") from error


class PassingError(Exception):
    """An error that is transient by its class."""


_PASSING = (PassingError, OSError, TimeoutError, asyncpg.InternalClientError, sqlalchemy.exc.TimeoutError)


def is_transient(error: BaseException) -> bool:
    """Return whether a retry may succeed."""
    if isinstance(error, sqlalchemy.exc.DBAPIError) and error.orig is not None:
        return error.connection_invalidated or is_transient(error.orig.__cause__ or error.orig)
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        return state[:2] in _CLASSES or state in _CODES or _is_new_partition(error)
    if isinstance(error, asyncpg.InterfaceError):
        # One class for "connection is closed" and for wrong arguments; only the first is transient.
        return not isinstance(error, ValueError) and any(word in str(error) for word in _LOST)
    return isinstance(error, _PASSING)


def is_out_of_reach(error: BaseException) -> bool:
    """Return whether the database could not be asked: any other error is its answer."""
    if isinstance(error, sqlalchemy.exc.DBAPIError) and error.orig is not None:
        return error.connection_invalidated or is_out_of_reach(error.orig.__cause__ or error.orig)
    if isinstance(error, asyncpg.PostgresError):
        return (error.sqlstate or "").startswith(_OUT_OF_REACH)
    return is_transient(error) and not isinstance(error, asyncpg.InternalClientError)


def is_contention(error: BaseException) -> bool:
    """Return whether another transaction was in the way: transient, while the database is available."""
    if not isinstance(error, asyncpg.PostgresError):
        return False
    state = error.sqlstate or ""
    return state[:2] == "40" or state in _CONTENTION or _is_new_partition(error)


def _is_new_partition(error: asyncpg.PostgresError) -> bool:
    """Return whether a row was on its way to the default partition while another took over its range.

    The server reports a check violation of a table, but names no constraint.
    """
    return isinstance(error, asyncpg.CheckViolationError) and bool(error.table_name) and not error.constraint_name
