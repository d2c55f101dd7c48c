"""Domain errors, and the table that maps them to HTTP."""

from collections.abc import Sequence
from uuid import UUID

from libs.common.platform.http.language import Text
from libs.common.platform.http.problems import ErrorTable, Fault
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


class ConfigRefusedError(Exception):
    """A configuration or a secret that the format refuses; `faults` name each member, and no value."""

    def __init__(self, places: Sequence[tuple[str | int, ...]], codes: Sequence[str]) -> None:
        super().__init__()
        self.faults = [
            Fault("".join(f"/{part}" for part in place), code, _CONFIG)
            for place, code in zip(places, codes, strict=True)
        ]


_CONFIG = Text("недопустимое значение", "not what the format takes")

ERRORS: ErrorTable = {
    NotFoundError: (404, "not_found"),
    AlreadyExistsError: (409, "already_exists"),
    ConfigRefusedError: (422, "validation_failed"),
    NoSecretError: (409, "no_secret"),
    OverloadedError: (503, "unavailable"),
}
