"""Domain errors, and the table that maps them to HTTP."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from libs.common.platform.configuration import BadConfigurationError
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
    """A source or partner of this code exists in the desk; `existing` is its id."""

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


class UnknownPartnerError(Exception):
    """The desk has no partner of this code."""

    def __init__(self, code: str) -> None:
        super().__init__()
        detail = Text(f"в отделе нет партнёра {code}", f"the desk has no partner {code}")
        self.faults = [Fault("/partner", "unknown_partner", detail)]


class NotKnownYetError(Exception):
    """Playbooks that intake has not heard of: word of them may be on its way. `waits_for` names each."""

    retry_after = 2

    def __init__(self, waits_for: Sequence[Mapping[str, object]]) -> None:
        super().__init__()
        self.context = {"waits_for": list(waits_for)}


class StepRefusedError(Exception):
    """A step of an appointment with a time that does not fit; `problems` name field and code of each fault."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.faults = [Fault(f"/{field}", code, _TIMES.get(code, _CONFIG)) for field, code in problems]


class AlreadyPlannedError(Exception):
    """The lead has an appointment under way; `existing` is its id."""

    def __init__(self, existing: UUID) -> None:
        super().__init__()
        self.context = {"existing": str(existing)}


class AppointmentOverError(Exception):
    """The appointment was cancelled, kept or missed."""


class CallRefusedError(Exception):
    """A call that cannot be started: `code` says why, of the member at `pointer`."""

    def __init__(self, pointer: str, code: str) -> None:
        super().__init__()
        self.faults = [Fault(pointer, code, _CALLS[code])]


class CallUnderWayError(Exception):
    """The same call is under way, or it is in doubt whether it was made; `existing` is its id."""

    def __init__(self, existing: UUID) -> None:
        super().__init__()
        self.context = {"existing": str(existing)}


class CallNotConnectedError(Exception):
    """No conversation is known that could be passed on."""


class ExchangeHaltedError(Exception):
    """The exchange has refused us, and waits for a person to change its source; `reason` is its code."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.context = {"reason": reason}


_CALLS = {
    "no_exchange": Text("этот источник не умеет звонить", "this source cannot call"),
    "no_number": Text("по этому номеру нельзя позвонить", "this number cannot be called"),
}
_TIMES = {
    "in_the_past": Text("это время прошло", "this time is past"),
    "too_far": Text("слишком далеко", "too far ahead"),
    "outside_hours": Text("партнёр в это время не работает", "the partner does not work then"),
}
_CONFIG = Text("недопустимое значение", "not what the format takes")

ERRORS: ErrorTable = {
    BadConfigurationError: (422, "validation_failed"),
    NotKnownYetError: (409, "not_known_yet"),
    NotFoundError: (404, "not_found"),
    AlreadyExistsError: (409, "already_exists"),
    ConfigRefusedError: (422, "validation_failed"),
    UnknownPartnerError: (422, "validation_failed"),
    StepRefusedError: (422, "validation_failed"),
    AlreadyPlannedError: (409, "already_planned"),
    AppointmentOverError: (409, "appointment_over"),
    CallRefusedError: (422, "validation_failed"),
    CallUnderWayError: (409, "call_under_way"),
    CallNotConnectedError: (409, "call_not_connected"),
    ExchangeHaltedError: (409, "exchange_halted"),
    NoSecretError: (409, "no_secret"),
    OverloadedError: (503, "unavailable"),
}
