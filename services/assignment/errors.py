"""Errors of the use cases, and the table that maps them to HTTP problems."""

from collections.abc import Sequence
from uuid import UUID

from libs.common.platform.configuration import BadConfigurationError
from libs.common.platform.http.problems import ErrorTable, Fault
from services.assignment.shifts.rules import NotOnShiftError, OperatorInactiveError


class NotFoundError(Exception):
    """The object does not exist, or the caller may not see it."""


class NoOperatorError(Exception):
    """Nobody has made an operator with the `sub` of the caller's token."""


class StaleVersionError(Exception):
    """The row has another version than the caller sent."""


class AlreadyExistsError(Exception):
    """An object with this key exists; `existing` is its id."""

    def __init__(self, existing: UUID) -> None:
        super().__init__()
        self.context = {"existing": str(existing)}


class UnknownPoolError(Exception):
    """Some pools do not belong to the operator's desks; `codes` are (position in the request, code)."""

    def __init__(self, codes: Sequence[tuple[int, str]]) -> None:
        super().__init__()
        self.faults = [Fault(f"/pools/{n}/code", "unknown_pool", f"no pool {code!r}") for n, code in codes]


class PoolInUseError(Exception):
    """Operators have seats in the pool that is to be retired; `operators` are the first of their subjects."""

    def __init__(self, operators: Sequence[str]) -> None:
        super().__init__()
        self.context = {"operators": list(operators)}


class HomeDeskError(Exception):
    """An operator's desks must include their home desk."""

    faults = (Fault("/desks", "home_desk_missing", "the home desk must be one of them"),)


class AmbiguousPoolError(Exception):
    """Several of the caller's desks have a pool of this code."""

    faults = (Fault("/desk", "ambiguous", "several desks have this pool: say which", "query"),)


ERRORS: ErrorTable = {
    NotFoundError: (404, "not_found"),
    NoOperatorError: (404, "no_operator"),
    AlreadyExistsError: (409, "already_exists"),
    PoolInUseError: (409, "pool_in_use"),
    BadConfigurationError: (422, "validation_failed"),
    NotOnShiftError: (409, "not_on_shift"),
    OperatorInactiveError: (409, "operator_inactive"),
    UnknownPoolError: (422, "validation_failed"),
    HomeDeskError: (422, "validation_failed"),
    AmbiguousPoolError: (422, "validation_failed"),
}
