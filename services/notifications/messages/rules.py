"""What becomes of a message: whether it may leave at all, and how far it has come."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from libs.common.contracts.shared import MessageProgress
from services.notifications.templates.rules import UnfilledError, Version, choose_language, render


class State(StrEnum):
    """States in the order of their rank: a message only ever moves to a higher one.

    `failed` outranks `sent` and yields to `delivered`: providers report out of order and skip steps, and a late
    receipt is the higher truth. `unknown` yields to everything that the provider says later of its fate; that
    it was taken is not enough, for then nothing would end it any more.
    """

    PENDING = "pending"
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    SENT = "sent"
    FAILED = "failed"
    DELIVERED = "delivered"
    READ = "read"


@dataclass(frozen=True, slots=True)
class Fact:
    """What became known of a message; `code` and `detail` say why it failed."""

    state: State
    code: str | None = None
    detail: str | None = None


_RANK = {state: rank for rank, state in enumerate(State)}
_STEPS: Mapping[State, tuple[MessageProgress, ...]] = {
    State.PENDING: (),
    State.UNKNOWN: (MessageProgress.FAILED,),
    State.ACCEPTED: (MessageProgress.SENT,),
    State.SENT: (MessageProgress.SENT,),
    State.FAILED: (MessageProgress.FAILED,),
    State.DELIVERED: (MessageProgress.SENT, MessageProgress.DELIVERED),
    State.READ: (MessageProgress.SENT, MessageProgress.DELIVERED, MessageProgress.READ),
}


def advance(
    state: State, fact: State, published: Collection[MessageProgress]
) -> tuple[State, tuple[MessageProgress, ...]]:
    """Return the state after the provider's word `fact`, and the steps to publish now.

    The order in which facts come does not change where a message ends.
    """
    if _RANK[fact] <= _RANK[state]:
        return state, ()
    return fact, tuple(step for step in _STEPS[fact] if step not in published)


class Stop(StrEnum):
    """Why a message does not leave; published as the code of `message.failed`."""

    TEMPLATE_NOT_APPROVED = "template_not_approved"
    TEMPLATE_UNFILLED = "template_unfilled"
    DEADLINE_PASSED = "deadline_passed"
    NO_ADDRESS = "no_address"
    NO_CHANNEL = "no_channel"


@dataclass(frozen=True, slots=True)
class Intent:
    """A message that a playbook asked for; `variables` and personal data are merged in `values`."""

    template: str
    language: str
    channels: tuple[str, ...]
    phone: str | None
    values: Mapping[str, str | None]
    deadline: datetime | None


@dataclass(frozen=True, slots=True)
class Line:
    """A channel that could carry a message; `kind` is what playbooks name (`whatsapp`)."""

    channel_id: UUID
    kind: str
    provider: str


@dataclass(frozen=True, slots=True)
class Ready:
    """A rendered message and the way it goes."""

    line: Line
    address: str
    text: str
    version: int
    language: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """A message that cannot leave; `detail` holds no personal data."""

    code: Stop
    detail: str


def prepare(intent: Intent, template: Version | None, lines: Sequence[Line], now: datetime) -> Ready | Stopped:
    """Decide whether and how a message leaves (S2.5, S4.12). `template` is the approved version in force."""
    if intent.deadline is not None and intent.deadline <= now:
        return Stopped(Stop.DEADLINE_PASSED, "the deadline was over when the request came")
    if template is None:
        return Stopped(Stop.TEMPLATE_NOT_APPROVED, f"{intent.template} has no approved version")
    address = chat_address(intent.phone)
    if address is None:
        return Stopped(Stop.NO_ADDRESS, "the person has no phone number that can be read")
    line = choose_line(intent.channels, lines, address)
    if line is None:
        return Stopped(Stop.NO_CHANNEL, f"the desk has none of: {', '.join(intent.channels)}")
    language = choose_language(template.bodies, intent.language)
    try:
        text = render(template.bodies[language], intent.values)
    except UnfilledError as unfilled:
        return Stopped(Stop.TEMPLATE_UNFILLED, str(unfilled))
    return Ready(line, address, text, template.number, language)


def chat_address(phone: str | None) -> str | None:
    """Return an E.164 number as messengers want it (`79011112233`), or None."""
    if phone is None or not phone.startswith("+") or not phone[1:].isdecimal():
        return None
    return phone[1:]


def choose_line(kinds: Sequence[str], lines: Sequence[Line], address: str) -> Line | None:
    """Return the channel of the first kind that the desk has; one person always meets the same one."""
    for kind in kinds:
        fitting = sorted((line for line in lines if line.kind == kind), key=lambda line: line.channel_id)
        if fitting:
            return fitting[int(address) % len(fitting)]
    return None
