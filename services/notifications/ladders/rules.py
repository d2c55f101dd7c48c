"""How a customer is written to: by which channels in which order, and what comes after one has failed.

The rungs of a message are the channels that its playbook names, in their order. The last rung of all is a
person: it is the playbook's, once the message has failed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID
from zlib import crc32

from libs.common.domain.sms import segments
from services.notifications.addresses.rules import AddressBook, Barred
from services.notifications.providers.values import ChannelKind
from services.notifications.templates.rules import MistypedError, Rendered, UnfilledError, Version, render_for

RUNG_WAIT = timedelta(hours=1)


class Stop(StrEnum):
    """Why a message is not sent, or not any more; published as the code of `message.failed`."""

    TEMPLATE_NOT_APPROVED = "template_not_approved"
    TEMPLATE_UNFILLED = "template_unfilled"
    TEMPLATE_MISTYPED = "template_mistyped"  # a value is not what its placeholder is declared to be
    DEADLINE_PASSED = "deadline_passed"
    NO_ADDRESS = "no_address"
    NO_CHANNEL = "no_channel"
    TEXT_TOO_LONG = "text_too_long"
    CHANNEL_HALTED = "channel_halted"
    LADDER_EXHAUSTED = "ladder_exhausted"  # the detail names each rung's own reason
    WITHDRAWN = "withdrawn"  # it was not wanted any more before it left
    FREQUENCY_CAP = "frequency_cap"  # the customer got as many advertisements this week as the desk allows
    CONSENT_WITHDRAWN = "consent_withdrawn"  # the customer withdrew for what it is, by all channels
    BLACK_LISTED = "black_listed"  # the desk does not write to the customer
    QUIET_HOURS = "quiet_hours"  # why it is held; it fails by its deadline alone
    DOUBTFUL = "doubtful"  # it may have arrived: no other message is sent


#: After these no other channel is tried: they are the same for each.
OF_ALL_CHANNELS = frozenset({Stop.CONSENT_WITHDRAWN, Stop.BLACK_LISTED})


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

    `text`: how many characters it takes; `halted`: a person must look at it before it sends anything.
    """

    channel_id: UUID
    kind: str
    provider: str
    address: str | None
    text: int = 10_000
    halted: bool = False


@dataclass(frozen=True, slots=True)
class Rung:
    """A rendered message for one channel. `number`: the place of its kind in the playbook's list, from 1.

    `marketing`: it is not for customers who want no advertisements by any channel.
    """

    number: int
    channel_id: UUID
    kind: str
    provider: str
    address: str
    rendered: Rendered
    marketing: bool = False

    @property
    def segments(self) -> int | None:
        """How many text messages it takes, where they are counted."""
        return segments(self.rendered.text).count if self.kind == ChannelKind.SMS else None

    def barred(self, book: AddressBook, now: datetime) -> Barred | None:
        """Return why its address may not be written to."""
        return book.barred(self.kind, self.address, now, marketing=self.marketing)

    def passed(self, code: str) -> "Passed":
        return Passed(self.number, self.kind, self.provider, code)


@dataclass(frozen=True, slots=True)
class Passed:
    """A rung that is over, or that was left out, and why."""

    number: int
    kind: str
    provider: str
    code: str


@dataclass(frozen=True, slots=True)
class Ready:
    """A message that can leave by the first of its rungs; `passed` were left out."""

    rungs: tuple[Rung, ...]
    version: int
    passed: tuple[Passed, ...] = ()


@dataclass(frozen=True, slots=True)
class Stopped:
    """A message that cannot be sent; `detail` holds no personal data."""

    code: str
    detail: str
    passed: tuple[Passed, ...] = ()


def prepare(
    intent: Intent, template: Version | None, channels: Sequence[Channel], book: AddressBook, now: datetime
) -> Ready | Stopped:
    """Decide whether and how to send a message (S2.5, S4.12). `template` is the approved version in force."""
    if intent.deadline is not None and intent.deadline <= now:
        return Stopped(Stop.DEADLINE_PASSED, "the deadline was over when the request came")
    if template is None:
        return Stopped(Stop.TEMPLATE_NOT_APPROVED, f"{intent.template} has no approved version")
    chosen = [
        (number, channel)
        for number, kind in enumerate(dict.fromkeys(intent.channels), 1)
        if (channel := choose_channel(kind, channels)) is not None
    ]
    if not chosen:
        return _unreached(intent, channels)
    try:
        rungs = [_rung(number, channel, intent, template) for number, channel in chosen]
    except UnfilledError as unfilled:
        return Stopped(Stop.TEMPLATE_UNFILLED, str(unfilled))
    except MistypedError as mistyped:
        return Stopped(Stop.TEMPLATE_MISTYPED, str(mistyped))
    codes = [_left_out(rung, channel, book, now) for rung, (_, channel) in zip(rungs, chosen, strict=True)]
    return _ready(rungs, codes, template.number)


def choose_channel(kind: str, channels: Sequence[Channel]) -> Channel | None:
    """Return a channel of a kind where the customer has an address: always the same for one address.

    One that sends is preferred to one that a person must look at first.
    """
    fitting = [one for one in channels if one.kind == kind and one.address]
    usable = [one for one in fitting if not one.halted] or fitting
    usable.sort(key=lambda one: one.channel_id)
    return usable[number_of(usable[0].address or "") % len(usable)] if usable else None


def number_of(address: str) -> int:
    """Return a number that is always the same for an address."""
    return int(address) if address.isascii() and address.isdecimal() else crc32(address.encode())


def next_rung(
    ahead: Sequence[Rung], left_out: Callable[[Rung], str | None]
) -> tuple[Rung | None, tuple[Rung, ...], tuple[Passed, ...]]:
    """Return the next rung that can be tried, those after it, and those that are left out, each with its code."""
    passed: list[Passed] = []
    for at, rung in enumerate(ahead, 1):
        code = left_out(rung)
        if code is None:
            return rung, tuple(ahead[at:]), tuple(passed)
        passed.append(rung.passed(code))
    return None, (), tuple(passed)


def end_of(passed: Sequence[Passed]) -> tuple[str, str]:
    """Return code and detail of a message that no rung is left for."""
    if len(passed) == 1:
        return passed[0].code, ""
    return Stop.LADDER_EXHAUSTED, reasons(passed)


def reasons(passed: Sequence[Passed]) -> str:
    """Name the reason of each rung."""
    return ", ".join(f"{one.kind}: {one.code}" for one in passed)


def rung_deadline(deadline: datetime | None, *, last: bool, now: datetime) -> datetime | None:
    """Return until when a rung may wait to be tried.

    The last one has all the time of the message; before it, half of what is left, and at most an hour.
    """
    if last:
        return deadline
    return now + (RUNG_WAIT if deadline is None else min(RUNG_WAIT, (deadline - now) / 2))


def _unreached(intent: Intent, channels: Sequence[Channel]) -> Stopped:
    if any(channel.kind in intent.channels for channel in channels):
        return Stopped(Stop.NO_ADDRESS, "the person has no address that can be read")
    return Stopped(Stop.NO_CHANNEL, f"the desk has none of: {', '.join(intent.channels)}")


def _rung(number: int, channel: Channel, intent: Intent, template: Version) -> Rung:
    rendered = render_for(channel.kind, template, intent.language, intent.values)
    address = channel.address or ""
    return Rung(number, channel.channel_id, channel.kind, channel.provider, address, rendered, template.marketing)


def _left_out(rung: Rung, channel: Channel, book: AddressBook, now: datetime) -> str | None:
    if (barred := rung.barred(book, now)) is not None:
        return barred
    if len(rung.rendered.text) > channel.text:
        return Stop.TEXT_TOO_LONG
    return Stop.CHANNEL_HALTED if channel.halted else None


def _ready(rungs: Sequence[Rung], codes: Sequence[str | None], version: int) -> Ready | Stopped:
    """Leave out what cannot be tried. Channels that wait for a person are tried when there is no other."""
    if all(codes):
        codes = [None if code == Stop.CHANNEL_HALTED else code for code in codes]
    tried = tuple(rung for rung, code in zip(rungs, codes, strict=True) if code is None)
    passed = tuple(rung.passed(code) for rung, code in zip(rungs, codes, strict=True) if code is not None)
    if tried:
        return Ready(tried, version, passed)
    code, detail = end_of(passed)
    return Stopped(code, detail, passed)
