"""What may be refused, and the one table that says how HTTP calls it."""

from collections.abc import Sequence
from uuid import UUID

from libs.common.platform.http.problems import ErrorTable, Fault
from services.assignment.shifts.rules import NotOnShiftError, OperatorInactiveError


class NotFoundError(Exception):
    """There is no such thing, or it is not the caller's to see."""


class StaleVersionError(Exception):
    """The caller saw another version than the row has."""


class AlreadyExistsError(Exception):
    """A thing with this key exists; `existing` is its id."""

    def __init__(self, existing: UUID) -> None:
        super().__init__()
        self.context = {"existing": str(existing)}


class UnknownPoolError(Exception):
    """Pools that are not pools of the operator's desks; `codes` are (position in the request, code)."""

    def __init__(self, codes: Sequence[tuple[int, str]]) -> None:
        super().__init__()
        self.faults = [Fault(f"/pools/{n}/code", "unknown_pool", f"no pool {code!r}") for n, code in codes]


class HomeDeskError(Exception):
    """An operator's home desk must stay one of their desks."""

    faults = (Fault("/desks", "home_desk_missing", "the home desk must be one of them"),)


class AmbiguousPoolError(Exception):
    """Several of the caller's desks have a pool of this code."""

    faults = (Fault("/desk", "missing", "several desks have this pool: say which", "query"),)


ERRORS: ErrorTable = {
    NotFoundError: (404, "not_found"),
    AlreadyExistsError: (409, "already_exists"),
    NotOnShiftError: (409, "not_on_shift"),
    OperatorInactiveError: (409, "operator_inactive"),
    UnknownPoolError: (422, "validation_failed"),
    HomeDeskError: (422, "validation_failed"),
    AmbiguousPoolError: (422, "validation_failed"),
}
