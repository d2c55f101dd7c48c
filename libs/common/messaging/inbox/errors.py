"""What may pass by itself and is retried, against what never will and is parked."""

import asyncpg
from sqlalchemy.exc import DBAPIError

# SQLSTATE: a lost or refused connection, a lost race, a full or restarting server, a failed-over one.
_CLASSES = ("08", "40", "53", "57", "58")
_CODES = frozenset({"25006", "25P03", "55P03", "55006"})
_LOST = ("connection", "pool")


class Transient(Exception):  # noqa: N818 - the contract's word: a use case raises it to be called again
    """A use case cannot work now but may later: nothing is parked, the batch comes again."""


class Unready(Exception):  # noqa: N818 - the contract's word: a use case raises it about what one desk lacks
    """People have yet to set up what an event needs: it waits, and says nothing against the release.

    `waits_for` names what is missing (`playbook:<desk>:<code>`), so that `waiting.release` finds the event.
    """

    def __init__(self, waits_for: str, text: str) -> None:
        super().__init__(text)
        self.waits_for = waits_for


def waits_for(error: Exception | None) -> str | None:
    """Return what an event that failed waits for; None when nothing is known to come that would mend it."""
    return error.waits_for if isinstance(error, Unready) else None


def is_transient(error: BaseException) -> bool:
    """Return whether the same event may succeed later without anybody's help."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        cause = error.orig.__cause__ or error.orig
        return error.connection_invalidated or is_transient(cause)
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        return state[:2] in _CLASSES or state in _CODES
    if isinstance(error, asyncpg.InterfaceError):
        # The one class for "connection is closed" and for wrong arguments; only the first passes.
        return not isinstance(error, ValueError) and any(word in str(error) for word in _LOST)
    return isinstance(error, Transient | OSError | TimeoutError | asyncpg.InternalClientError)
