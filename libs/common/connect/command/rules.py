"""What an answer means for a command. Pure: the adapters say what was answered, this says what to do next."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias, assert_never

from libs.common.connect.exchange import FORBIDDEN, MALFORMED, Lost

MAX_TRIES = 8  # refused commands of one purpose before it is given up
BACKOFF = 2.0  # seconds; doubles with each refusal
BACKOFF_MOST = 300.0
SLOW_DOWN = 2.0  # seconds that an account pauses after a rate limit without Retry-After
SLOW_DOWN_MOST = 600.0
CLAIMED_TOO_SLOWLY = "claimed_too_slowly"  # we stalled: nothing was called
DOUBT_PAUSE = 0.7  # seconds before an unanswered request is repeated
LONG_PAUSE = 3600.0  # seconds from which a pause is business time (docs/adr/0008)

_CODE = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9_.-]{1,64}")


class Class(StrEnum):
    """Classes of refusals, by the reaction that each needs."""

    RETRY = "R"
    RETRY_SLOWLY = "RS"  # the account calls too often
    PAUSE = "W"  # this recipient may not be called for a time; the account may go on
    DUPLICATE = "D"
    CONFIGURATION = "C"
    RECIPIENT = "P"
    MESSAGE = "F"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The other side has it, under its own id."""

    external_id: str


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The other side had it before, under our key; it does not repeat its own id."""

    code: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The other side has not taken it. `error` None: for a reason that is documented nowhere.

    `wait`: seconds that it asks us to wait.
    """

    error: Class | None
    code: str
    detail: str = ""
    wait: float | None = None


@dataclass(frozen=True, slots=True)
class Unclear:
    """It is not known. `arrived` False: it is certain that nothing arrived."""

    code: str
    arrived: bool = True
    detail: str = ""


Answer: TypeAlias = Accepted | Duplicate | Refused | Unclear


class Verdict(StrEnum):
    """What to do with a command after one call."""

    ACCEPTED = "accepted"
    TAKEN = "taken"  # the other side has it, under an id that only a report can give
    REFUSED = "refused"  # for good
    RETRY = "retry"  # certainly not accepted: a new command, a new key
    LATER = "later"  # certainly not processed: the same command, later
    PAUSE = "pause"  # the same, but the recipient must wait and not the account
    DOUBT = "doubt"  # no answer: the same key again, while the other side remembers it
    WAIT = "wait"  # no answer, and a repeat would be a second call: a report or a look-up may settle it
    HALT = "halt"  # the queue needs a person; the command waits


@dataclass(frozen=True, slots=True)
class Outcome:
    """A verdict with its reason; `delay` is the seconds until the next call."""

    verdict: Verdict
    code: str = ""
    detail: str = ""
    external_id: str | None = None
    delay: float = 0.0
    error: Class | None = None


def answer_to(lost: Lost) -> Answer:
    """Return what a missing reply says. An address that the guard forbids needs a person, as a wrong key does."""
    if lost.code in (FORBIDDEN, MALFORMED):
        return Refused(Class.CONFIGURATION, lost.code, lost.detail)
    return Unclear(lost.code, lost.arrived, lost.detail)


def readable(code: str) -> str:
    """Return a code of the other side if it looks like one: free text may hold what must not be published."""
    return code if _CODE.fullmatch(code) else ""


def judge(answer: Answer, *, doubtful: bool, repeats: bool, tries: int, jitter: float) -> Outcome:
    """Return what to do after one call.

    `doubtful`: an earlier call of the same key had no answer, so the other side may have it in spite of this
    answer, unless it refuses the content itself. `repeats`: it recognises a repeat of a key. `tries` counts the
    commands of this purpose, `jitter` is 0–1.
    """
    match answer:
        case Accepted(external_id):
            return Outcome(Verdict.ACCEPTED, external_id=external_id)
        case Duplicate(code):
            return Outcome(Verdict.TAKEN, code)
        case Refused():
            return _refusal(answer, doubtful=doubtful, repeats=repeats, tries=tries, jitter=jitter)
        case Unclear(code, arrived, detail):
            if arrived or doubtful:
                return _doubt(code, jitter, repeats=repeats)
            return Outcome(Verdict.LATER, code, detail, delay=backoff(1, jitter))
        case _:
            assert_never(answer)


def backoff(tries: int, jitter: float) -> float:
    """Return seconds before command `tries + 1`: doubling, at most 5 minutes, spread over its upper half."""
    return float(min(BACKOFF * 2 ** (tries - 1), BACKOFF_MOST)) * (0.5 + jitter / 2)


def _doubt(code: str, jitter: float, *, repeats: bool) -> Outcome:
    if not repeats:
        return Outcome(Verdict.WAIT, code)
    return Outcome(Verdict.DOUBT, code, delay=DOUBT_PAUSE * (1 + jitter))


def _refusal(refused: Refused, *, doubtful: bool, repeats: bool, tries: int, jitter: float) -> Outcome:
    error, code, detail = refused.error, refused.code, refused.detail
    match error:
        case Class.DUPLICATE:
            return Outcome(Verdict.TAKEN, code)
        case None if doubtful:
            return _doubt(code, jitter, repeats=repeats)
        # Without a doubt, an undocumented refusal fails its own command only.
        case Class.RECIPIENT | Class.MESSAGE | None:
            return Outcome(Verdict.REFUSED, code, detail, error=error)
        case Class.CONFIGURATION:
            return Outcome(Verdict.HALT, code, detail, error=error)
        case Class.RETRY_SLOWLY:
            pause = min(refused.wait or SLOW_DOWN, SLOW_DOWN_MOST)
            return Outcome(Verdict.LATER, code, detail, delay=pause * (1 + jitter), error=error)
        case Class.PAUSE:
            return Outcome(Verdict.PAUSE, code, detail, delay=(refused.wait or SLOW_DOWN) + jitter, error=error)
        case Class.RETRY:
            if doubtful:
                return _doubt(code, jitter, repeats=repeats)
            if tries >= MAX_TRIES:
                return Outcome(Verdict.REFUSED, code, f"given up after {tries} attempts", error=error)
            return Outcome(Verdict.RETRY, code, detail, delay=backoff(tries, jitter), error=error)
        case _:
            assert_never(error)
