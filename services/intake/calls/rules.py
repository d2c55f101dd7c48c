"""Whether a call may be started or passed on. Data in, decision out."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from libs.common.domain.phone import read_phone
from services.intake.deliveries.rules import is_false

PATIENCE = timedelta(seconds=30)  # a call that was not dialled by then is no longer wanted: business time


class CallKind(StrEnum):
    """What a command asks of the exchange."""

    DIAL = "dial"
    TRANSFER = "transfer"


class CallState(StrEnum):
    """A command's state: `waiting` is a doubt that only the exchange's events may end."""

    PENDING = "pending"
    HELD = "held"
    SENDING = "sending"
    WAITING = "waiting"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Heard:
    """What an event of the exchange says of a command: `code` None, it happens; else why it does not.

    `recording`: the conversation of `entry_id` is kept under this id.
    """

    command_id: str | None
    entry_id: str | None = None
    leg: str | None = None
    code: str | None = None
    recording: str | None = None


def number_of(typed: str | None, region: str) -> str | None:
    """Return a number that can be called, in E.164; None for one that cannot."""
    phone = read_phone(typed, region) if typed else None
    return None if phone is None or is_false(phone) else phone.e164


def may_transfer(kind: CallKind, leg: str | None) -> bool:
    """Return whether a call can be passed on: people talk in it, and it is no transfer itself."""
    return kind is CallKind.DIAL and leg is not None
