"""When a channel is dead, by what became of its calls and of the messages that its provider has accepted."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from libs.common.connect.command.rules import CLAIMED_TOO_SLOWLY, Class, Outcome, Verdict

#: What is counted of a channel, and how little of it says nothing.
RECENT = timedelta(minutes=10)
LEAST = 10
#: The share of good ends at which a channel is as good as dead: a number that is no customer's fails now and then.
HOPELESS = 0.1
#: A message that its provider has accepted is mostly reported within this; silence is judged of older ones.
REPORTED_WITHIN = timedelta(minutes=10)
SILENT_FOR = timedelta(minutes=30)
HEARD_BEFORE = timedelta(days=1)


class End(StrEnum):
    """What became of one call, or of a message that was accepted: the columns that count it."""

    ACCEPTED = "accepted"
    REFUSED = "refused"  # for no reason that lies in the message or its recipient
    UNANSWERED = "unanswered"
    DELIVERED = "delivered"
    LOST = "lost"  # accepted, then reported as failed, for no reason that lies in the message or its recipient
    HEARD = "heard"  # no end: any report of a message, also that it is on its way


class Death(StrEnum):
    """Why a channel is halted by itself: its `halted_code`."""

    FAILING = "failing"
    UNDELIVERED = "undelivered"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Health:
    """What a channel has done lately: its ends of the last `RECENT`, and what is needed to notice silence.

    `overdue`: accepted within `SILENT_FOR`, so long ago that reports of it are due; `heard` since then, and
    `heard_before` that, of its last day. `confirms`: whether its provider says of each message that it has arrived.
    """

    recent: Mapping[End, int]
    overdue: int = 0
    heard: int = 0
    heard_before: int = 0
    confirms: bool = True

    def count(self, *ends: End) -> int:
        return sum(self.recent.get(end, 0) for end in ends)


def why_dead(health: Health) -> Death | None:
    """Return why a channel is to be halted; None while it does its work, or too little to say."""
    if health.confirms and _hopeless(health.count(End.DELIVERED), health.count(End.LOST)):
        return Death.UNDELIVERED
    # Where answers come too late, messages may still arrive.
    if _hopeless(health.count(End.ACCEPTED, End.DELIVERED), health.count(End.REFUSED, End.UNANSWERED)):
        return Death.FAILING
    if health.confirms and health.overdue >= LEAST and not health.heard and health.heard_before:
        return Death.SILENT
    return None


def _hopeless(good: int, bad: int) -> bool:
    return bad >= LEAST and good <= HOPELESS * (good + bad)


#: Refusals that say nothing of the channel: of the message, of its recipient, of the pace.
_OF_OTHERS = frozenset({Class.MESSAGE, Class.RECIPIENT, Class.PAUSE, Class.RETRY_SLOWLY, Class.DUPLICATE})


def end_of_call(outcome: Outcome, *, is_first: bool) -> End | None:
    """Return what one call to the provider says of the channel; None for nothing.

    A message that is called for again and again counts once: one of them alone is no proof.
    """
    if outcome.error in _OF_OTHERS or outcome.code == CLAIMED_TOO_SLOWLY:
        return None
    end = _end_of(outcome.verdict)
    return end if is_first or end is End.ACCEPTED else None


def _end_of(verdict: Verdict) -> End | None:
    match verdict:
        case Verdict.ACCEPTED | Verdict.TAKEN:
            return End.ACCEPTED
        case Verdict.DOUBT | Verdict.WAIT | Verdict.LATER:
            return End.UNANSWERED
        case Verdict.RETRY | Verdict.REFUSED | Verdict.HALT:
            return End.REFUSED
        case Verdict.PAUSE:
            return None


def end_of_report(error: Class | None, *, delivered: bool) -> End | None:
    """Return what the last word on a message says of the channel that has sent it; `error` of one that failed."""
    if delivered:
        return End.DELIVERED
    return None if error in _OF_OTHERS else End.LOST


def share(good: int, bad: int) -> float | None:
    """Return the share of good ends, 0–1; None of none."""
    return round(good / (good + bad), 4) if good + bad else None


def totals(channels: Iterable[Mapping[End, int]]) -> Mapping[End, int]:
    """Add up the ends of several channels."""
    return sum(map(Counter, channels), Counter())
