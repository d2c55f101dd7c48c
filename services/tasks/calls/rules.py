"""Who should ring, and what counts as a call back. Data in, decision out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from libs.common.contracts.shared import ContactKind
from libs.common.domain.phone import read_phone

#: A call of an operator proves an outcome that was given so long after its end, or so shortly before it.
PROVES_FOR, PROVES_BEFORE = timedelta(hours=1), timedelta(minutes=5)
#: No conversation is longer; a call that seems to be under way since then is one whose end was never heard of.
LONGEST_TALK = timedelta(hours=2)
#: By when a missed call is to be called back where no task says so.
CALL_BACK_WITHIN = timedelta(minutes=15)


#: A ring that is heard of later is none any more.
RINGS_FOR = timedelta(minutes=2)


class RingReason(StrEnum):
    """Why someone is to be rung."""

    OWNER = "owner"
    TASK = "task"
    PARTNER_OPERATOR = "partner_operator"
    POOL = "pool"
    PARTNER = "partner"


class MissedIs(StrEnum):
    """What became of a missed call (P.11)."""

    IN_TIME = "in_time"
    LATE = "late"
    GOT_THROUGH = "got_through"
    WAITING = "waiting"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Ring:
    """Whom telephony should ring: an operator's extension, or a partner's number."""

    reason: RingReason
    operator_id: UUID | None = None
    name: str | None = None
    extension: str | None = None
    phone: str | None = None


def rings_now(kind: ContactKind, at: datetime, now: datetime, *, taken: bool) -> bool:
    """Return whether a customer's call still rings; `taken`: someone speaks, or it has ended."""
    return kind is ContactKind.CALL_IN and not taken and now - at < RINGS_FOR


def rings(
    operators: Sequence[Ring], *, goes_to_partner: bool, partner_name: str | None, partner_phone: str | None
) -> tuple[Ring, ...]:
    """Return whom to ring, in this order; operators too where a partner who takes calls has no number (S0.4)."""
    if goes_to_partner and partner_phone is not None:
        return (Ring(RingReason.PARTNER, name=partner_name, phone=partner_phone),)
    return tuple(operators)


def spelled(number: str) -> str:
    """Return a number as processes have it; one that cannot be read stays as it is, and is no one's."""
    return read_phone(number).e164 or number


def line_of(line: str | None) -> str | None:
    """Return a telephone line as partners' cards name it: by its digits."""
    digits = "".join(each for each in line or "" if each.isascii() and each.isdigit())
    return digits or None
