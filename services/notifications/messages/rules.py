"""Decisions on a message: whether it can be sent, and its state."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID
from zlib import crc32

from libs.common.contracts.shared import MessageProgress
from libs.common.domain.sms import segments
from services.notifications.addresses.rules import Barred
from services.notifications.providers.values import ChannelKind
from services.notifications.templates.rules import Rendered, UnfilledError, Version, render_for


class State(StrEnum):
    """States in the order of their rank: a message only moves to a higher one.

    `failed` outranks `sent` and yields to `delivered`: providers report out of order and skip steps, and a late
    receipt is proof of delivery. `unknown` yields to each later status except `accepted`: nothing would end an
    accepted message whose callback timeout is over.
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
    """Return the state after a provider's report `fact`, and the steps to publish now.

    The order of the reports does not change the final state.
    """
    if _RANK[fact] <= _RANK[state]:
        return state, ()
    return fact, tuple(step for step in _STEPS[fact] if step not in published)


class Stop(StrEnum):
    """Why a message is not sent; published as the code of `message.failed`."""

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
    values: Mapping[str, str | None]
    deadline: datetime | None


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel of the desk; `kind` is what playbooks name, `address` the customer's there, if they have one.

    `barred`: why that address is not written to.
    """

    channel_id: UUID
    kind: str
    provider: str
    address: str | None
    barred: Barred | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """A rendered message, its channel and address."""

    channel: Channel
    address: str
    rendered: Rendered
    version: int

    @property
    def segments(self) -> int | None:
        """How many text messages it takes, where they are counted."""
        is_counted = self.channel.kind == ChannelKind.SMS
        return segments(self.rendered.text).count if is_counted else None


@dataclass(frozen=True, slots=True)
class Stopped:
    """A message that cannot be sent; `detail` holds no personal data."""

    code: Stop | Barred
    detail: str


def prepare(
    intent: Intent, template: Version | None, channels: Sequence[Channel], now: datetime
) -> Ready | Stopped:
    """Decide whether and how to send a message (S2.5, S4.12). `template` is the approved version in force."""
    if intent.deadline is not None and intent.deadline <= now:
        return Stopped(Stop.DEADLINE_PASSED, "the deadline was over when the request came")
    if template is None:
        return Stopped(Stop.TEMPLATE_NOT_APPROVED, f"{intent.template} has no approved version")
    wanted = [channel for channel in channels if channel.kind in intent.channels]
    chosen = choose_channel(intent.channels, wanted)
    if chosen is None:
        barred = next((channel.barred for channel in wanted if channel.barred is not None), None)
        if barred is not None:
            return Stopped(barred, "the address is not written to")
        if wanted:
            return Stopped(Stop.NO_ADDRESS, "the person has no address that can be read")
        return Stopped(Stop.NO_CHANNEL, f"the desk has none of: {', '.join(intent.channels)}")
    channel, address = chosen
    try:
        rendered = render_for(channel.kind, template, intent.language, intent.values)
    except UnfilledError as unfilled:
        return Stopped(Stop.TEMPLATE_UNFILLED, str(unfilled))
    return Ready(channel, address, rendered, template.number)


def choose_channel(kinds: Sequence[str], channels: Sequence[Channel]) -> tuple[Channel, str] | None:
    """Return a channel of the first kind that can reach the customer: always the same for one address."""
    for kind in kinds:
        fitting = sorted(
            ((one, one.address) for one in channels if one.kind == kind and one.address and one.barred is None),
            key=lambda pair: pair[0].channel_id,
        )
        if fitting:
            return fitting[number_of(fitting[0][1]) % len(fitting)]
    return None


def number_of(address: str) -> int:
    """Return a number that is always the same for an address."""
    return int(address) if address.isascii() and address.isdecimal() else crc32(address.encode())
