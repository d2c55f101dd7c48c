"""Domain errors, and the table that maps them to HTTP."""

from uuid import UUID

from libs.common.platform.http.problems import ErrorTable
from services.intake.deliveries.batch import OverloadedError


class NotFoundError(Exception):
    """The object does not exist, or the caller may not see it."""


class StaleVersionError(Exception):
    """The caller saw another version than the row has."""


class NoSecretError(Exception):
    """The source has no secret to rotate: its requests are not authenticated."""


class AlreadyExistsError(Exception):
    """A source of this code exists in the desk; `existing` is its id."""

    def __init__(self, existing: UUID) -> None:
        super().__init__()
        self.context = {"existing": str(existing)}


ERRORS: ErrorTable = {
    NotFoundError: (404, "not_found"),
    AlreadyExistsError: (409, "already_exists"),
    NoSecretError: (409, "no_secret"),
    OverloadedError: (503, "unavailable"),
}
