"""Domain errors, and the table that maps each to its HTTP status and problem type."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from libs.common.platform.configuration import BadConfigurationError
from libs.common.platform.http.language import Text
from libs.common.platform.http.problems import ErrorTable, Fault


class NotFoundError(Exception):
    """It does not exist, or the caller may not see it."""


class AlreadyExistsError(Exception):
    """An object with this key exists; `existing` is its id."""

    def __init__(self, existing: UUID) -> None:
        super().__init__()
        self.context = {"existing": str(existing)}


class StaleVersionError(Exception):
    """The caller saw another version than the row has."""


class MalformedBodyError(Exception):
    """Texts that cannot be template bodies; `faults` name each by its JSON pointer."""

    def __init__(self, found: Mapping[str, str]) -> None:
        super().__init__()
        self.faults = body_faults(found)


class ConfigRefusedError(Exception):
    """A configuration that its provider's model refuses; `faults` name each member, and no value."""

    def __init__(self, places: Sequence[tuple[str | int, ...]], codes: Sequence[str]) -> None:
        super().__init__()
        self.faults = [
            Fault("/config" + "".join(f"/{part}" for part in place), code, CONFIG)
            for place, code in zip(places, codes, strict=True)
        ]


class SupersededError(Exception):
    """A newer version of the template was approved already."""


class TemplateRetiredError(Exception):
    """The version was retired with its template: its texts are proposed anew."""


class AmbiguousDeskError(Exception):
    """Several of the caller's desks have a template of this code, and of the version that was named."""

    faults = (
        Fault(
            "/desk", "ambiguous", Text("шаблон есть у разных отделов", "several desks have it: say which"), "query"
        ),
    )


class NotResendableError(Exception):
    """The message did not fail for want of a template, was sent again already, or would fail again: `reason`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.context = {"reason": reason}


class SubscriptionError(Exception):
    """The provider refused our webhook address; `str()` is its code."""


CONFIG = Text("недопустимое значение", "not what the provider takes")
_BODY = {
    "blank": Text("пустой текст", "the text is blank"),
    "too_long": Text("текст слишком длинный", "the text is too long"),
    "stray_bracket": Text(
        "скобки вне [[одного||другого]] варианта", "brackets outside of two wordings such as [[one||the other]]"
    ),
    "stray_brace": Text("скобка вне заполнителя вида {name}", "a brace outside of a placeholder such as {name}"),
}


def body_faults(found: Mapping[str, str], under: str = "") -> list[Fault]:
    """Return the faults of texts, by their JSON pointers below `under`."""
    return [Fault(under + place, code, _BODY[code]) for place, code in found.items()]


ERRORS: ErrorTable = {
    BadConfigurationError: (422, "validation_failed"),
    NotFoundError: (404, "not_found"),
    AlreadyExistsError: (409, "already_exists"),
    SupersededError: (409, "template_superseded"),
    TemplateRetiredError: (409, "template_retired"),
    ConfigRefusedError: (422, "validation_failed"),
    MalformedBodyError: (422, "validation_failed"),
    AmbiguousDeskError: (422, "validation_failed"),
    NotResendableError: (409, "message_not_resendable"),
    SubscriptionError: (422, "subscription_refused"),
}
