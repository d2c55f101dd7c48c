"""Domain errors, and the table that maps each to its HTTP status and problem type."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from libs.common.messaging.inbox.rehearsal import EventRefusedError
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


class SenderTakenError(Exception):
    """Another active channel has the same end of the provider's account."""

    faults = (
        Fault(
            "/config",
            "sender_taken",
            Text("другой канал уже пишет с этого номера", "another channel writes from this number already"),
        ),
    )


class SupersededError(Exception):
    """A newer version of the template was approved already."""


class HeadApprovesError(Exception):
    """Another approves what this person has proposed; `head` is who, None: a supervisor who did not."""

    def __init__(self, head: str | None) -> None:
        super().__init__()
        self.context = {"head": head}


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


class BulkActionStateError(Exception):
    """Only a plan is applied, and only what was applied is undone; `state` is what it is."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.context = {"state": state}


class TooManyMessagesError(Exception):
    """The filter of a bulk action matches more messages than one may have."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.context = {"most": most}


class FreeTextClosedError(Exception):
    """The provider allows free text for a time after the customer's last message alone.

    What is possible is named: `templates` of the desk may be sent, and `channels` take free text.
    """

    def __init__(self, templates: Sequence[str], channels: Sequence[str]) -> None:
        super().__init__()
        self.context = {"templates": list(templates), "channels": list(channels)}


class MessageRefusedError(Exception):
    """What a person wrote cannot be sent; `reason` is the code with which it would fail."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(detail)
        self.context = {"reason": str(reason)}


class FileNotStoredError(Exception):
    """The file is still to be fetched (`state`: waiting), or will not be had; `reason` says why."""

    def __init__(self, state: str, reason: str | None) -> None:
        super().__init__()
        self.context = {"state": state, "reason": reason}


class UnknownChannelError(Exception):
    """The customer cannot be written to by a channel of this code; `known` are those that reach them."""

    def __init__(self, known: Sequence[str]) -> None:
        super().__init__()
        self.faults = [Fault("/channel", "unknown_channel", _one_of(known))]


class UnknownTemplateError(Exception):
    """The desk has no approved template of this code."""

    def __init__(self, known: Sequence[str]) -> None:
        super().__init__()
        self.faults = [Fault("/template", "unknown_template", _one_of(known))]


class UnwritableTextError(Exception):
    """The text is longer than the channel takes."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.faults = [Fault("/text", "too_long", Text(f"не более {most} знаков", f"at most {most} characters"))]


def _one_of(known: Sequence[str]) -> Text:
    shown = ", ".join(known) or "–"
    return Text(f"можно: {shown}", f"one of: {shown}")


class UnusableSubscriptionError(Exception):
    """What a browser gave as its subscription cannot be pushed to."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__()
        self.faults = list(faults)


class SubscriptionError(Exception):
    """The provider refused our webhook address; `str()` is its code."""


CONFIG = Text("недопустимое значение", "not what the provider takes")
_BODY = {
    "blank": Text("пустой текст", "the text is blank"),
    "too_long": Text("текст слишком длинный", "the text is too long"),
    "stray_bracket": Text(
        "скобки вне [[одного||другого]] варианта", "brackets outside of two wordings such as [[one||the other]]"
    ),
    "unknown_placeholder": Text("такого заполнителя в текстах нет", "no text has such a placeholder"),
    "wrong_type": Text("этот заполнитель другого типа", "this placeholder is of another type"),
    "stray_brace": Text("скобка вне заполнителя вида {name}", "a brace outside of a placeholder such as {name}"),
}


def body_faults(found: Mapping[str, str], under: str = "") -> list[Fault]:
    """Return the faults of texts, by their JSON pointers below `under`."""
    return [Fault(under + place, code, _BODY[code]) for place, code in found.items()]


ERRORS: ErrorTable = {
    BadConfigurationError: (422, "validation_failed"),
    NotFoundError: (404, "not_found"),
    AlreadyExistsError: (409, "already_exists"),
    HeadApprovesError: (403, "head_approves"),
    SupersededError: (409, "template_superseded"),
    TemplateRetiredError: (409, "template_retired"),
    SenderTakenError: (422, "validation_failed"),
    ConfigRefusedError: (422, "validation_failed"),
    MalformedBodyError: (422, "validation_failed"),
    AmbiguousDeskError: (422, "validation_failed"),
    NotResendableError: (409, "message_not_resendable"),
    BulkActionStateError: (409, "bulk_action_state"),
    TooManyMessagesError: (422, "too_many_messages"),
    FreeTextClosedError: (409, "free_text_closed"),
    MessageRefusedError: (409, "message_refused"),
    FileNotStoredError: (409, "file_not_stored"),
    UnknownChannelError: (422, "validation_failed"),
    UnknownTemplateError: (422, "validation_failed"),
    UnwritableTextError: (422, "validation_failed"),
    UnusableSubscriptionError: (422, "validation_failed"),
    SubscriptionError: (422, "subscription_refused"),
    EventRefusedError: (422, "event_refused"),
}
