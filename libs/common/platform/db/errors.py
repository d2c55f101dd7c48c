"""What may pass by itself, against what never will: the one answer for whoever meets a failure of the database.

By SQLSTATE, since the server names what happened; by class for what the driver and the network say. Nothing else
decides this, so what one reader of an error repeats no other takes for a fault.
"""

import asyncpg
import sqlalchemy.exc

# A lost or refused connection, a lost race, a full or restarting server, a failed-over one.
_CLASSES = ("08", "40", "53", "57", "58")
_READ_ONLY = "25006"  # a standby that was promoted or demoted under us
_IDLE_TOO_LONG = "25P03"
_CONTENTION = frozenset({"55006", "55P03"})  # an object in use, a lock that was not given in time
_CODES = _CONTENTION | {_READ_ONLY, _IDLE_TOO_LONG}
_LOST = ("connection", "pool")


class PassingError(Exception):
    """An error whose class alone says that the same may succeed later."""


_PASSING = (PassingError, OSError, TimeoutError, asyncpg.InternalClientError, sqlalchemy.exc.TimeoutError)


def is_transient(error: BaseException) -> bool:
    """Return whether the same may succeed later without anybody's help."""
    if isinstance(error, sqlalchemy.exc.DBAPIError) and error.orig is not None:
        return error.connection_invalidated or is_transient(error.orig.__cause__ or error.orig)
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        return state[:2] in _CLASSES or state in _CODES
    if isinstance(error, asyncpg.InterfaceError):
        # The one class for "connection is closed" and for wrong arguments; only the first passes.
        return not isinstance(error, ValueError) and any(word in str(error) for word in _LOST)
    return isinstance(error, _PASSING)


def is_contention(error: BaseException) -> bool:
    """Return whether another transaction stood in the way: it passes too, and the database is there meanwhile."""
    if not isinstance(error, asyncpg.PostgresError):
        return False
    state = error.sqlstate or ""
    return state[:2] == "40" or state in _CONTENTION
