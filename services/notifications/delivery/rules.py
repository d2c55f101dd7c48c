"""What a provider's answer means for an attempt (Wazzup API v3, send errors)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

MAX_TRIES = 8  # refused attempts of one message before it is given up
BACKOFF = 2.0  # seconds; doubles with each refusal
BACKOFF_MOST = 300.0
SLOW_DOWN = 2.0  # seconds that an account pauses after a rate limit without Retry-After
SLOW_DOWN_MOST = 600.0
DOUBT_PAUSE = 0.7  # seconds before an unanswered request is repeated

_CODE = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9_.-]{1,64}")


class Class(StrEnum):
    """Classes of a provider's errors, by the reaction that each needs."""

    RETRY = "R"
    RETRY_SLOWLY = "RS"
    DUPLICATE = "D"
    CONFIGURATION = "C"
    RECIPIENT = "P"
    MESSAGE = "F"


class Verdict(StrEnum):
    """What to do with an attempt after one try."""

    ACCEPTED = "accepted"
    TAKEN = "taken"  # the provider has it, under an id that only a callback can give
    REFUSED = "refused"  # for good: the message has failed
    RETRY = "retry"  # certainly not accepted: a new attempt, a new key
    LATER = "later"  # certainly not processed: the same attempt, later
    DOUBT = "doubt"  # no answer: the same key again, while the provider remembers it
    HALT = "halt"  # the channel needs a person; the attempt waits


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call returned. `status` None: no answer; then `may_have_arrived` says if the provider may have it."""

    status: int | None
    may_have_arrived: bool = True
    code: str = ""
    detail: str = ""
    provider_message_id: str | None = None
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A verdict with its reason; `delay` is the seconds until the next try."""

    verdict: Verdict
    code: str = ""
    detail: str = ""
    provider_message_id: str | None = None
    delay: float = 0.0


def _codes(error_class: Class, names: str) -> dict[str, Class]:
    return {normalise(name): error_class for name in names.split()}


def normalise(code: str) -> str:
    """Return a code without case and punctuation: Wazzup spells the same one in two ways."""
    return "".join(c for c in code if c.isalnum()).lower()


_CLASSES: Mapping[str, Class] = {
    **_codes(Class.DUPLICATE, "REPEATED_CRM_MESSAGE_ID"),
    **_codes(
        Class.CONFIGURATION,
        "BALANCE_IS_EMPTY CHANNEL_NO_MONEY CHANNEL_NOT_FOUND CHANNEL_BLOCKED CHANNEL_WAPI_REJECTED"
        " CHANNEL_LIMIT_EXCEEDED MESSAGES_IS_SPAM MESSAGES_ABNORMAL_SEND MESSAGES_NOT_TEXT_FIRST WRONG_TRANSPORT"
        " TEMPLATE_REJECTED CHAT_NO_ACCESS SPAM CHANNEL_REJECTED",
    ),
    **_codes(
        Class.RETRY,
        "MESSAGE_CHANNEL_UNAVAILABLE MESSAGE_DOWNLOAD_CONTENT_ERROR MESSAGES_CAN_NOT_ADD UNKNOWN_ERROR"
        " UNKNOWN_ERROR_WITH_TRACE_ID GENERAL_ERROR",
    ),
    **_codes(Class.RETRY_SLOWLY, "TOO_MANY_EXT_REQS"),
    **_codes(Class.RECIPIENT, "BAD_CONTACT MESSAGES_INVALID_CONTACT_TYPE"),
    **_codes(
        Class.MESSAGE,
        "INVALID_MESSAGE_DATA VALIDATION_ERROR MESSAGE_WRONG_CONTENT_TYPE MESSAGE_ONLY_TEXT_OR_CONTENT"
        " MESSAGES_ONLY_TEXT_OR_CONTENT MESSAGE_NOTHING_TO_SEND MESSAGE_TEXT_TOO_LONG"
        " MESSAGES_CONTENT_CAN_NOT_BE_BLANK MESSAGES_TEXT_CAN_NOT_BE_BLANK REFERENCE_MESSAGE_NOT_FOUND"
        " MESSAGES_NOT_FOUND",
    ),
}
_MESSAGE_PREFIXES = tuple(map(normalise, ("MESSAGES_TOO_LONG_", "MESSAGES_CONTENT_SIZE_EXCEEDED")))


def classify(status: int, code: str) -> Class | None:
    """Return the class of an error answer; None for an undocumented one."""
    name = normalise(code)
    match status:
        case 401 | 403 | 404 | 405:
            return Class.CONFIGURATION
        case 429:
            return Class.RETRY_SLOWLY
        case _ if name.startswith(_MESSAGE_PREFIXES):
            return Class.MESSAGE
        case _:
            return _CLASSES.get(name)


def readable(code: str) -> str:
    """Return a provider's error code if it looks like one: free text may hold what must not be published."""
    return code if _CODE.fullmatch(code) else ""


def judge(answer: Answer, *, doubtful: bool, tries: int, jitter: float) -> Outcome:
    """Return what to do after one try.

    `doubtful`: an earlier try of the same key had no answer, so the provider may have the message in spite of this
    answer, unless it refuses the content itself. `tries` counts this message's attempts, `jitter` is 0–1.
    """
    if answer.status is None:
        return _unanswered(answer, doubtful=doubtful, jitter=jitter)
    if 200 <= answer.status < 300 and answer.provider_message_id:
        return Outcome(Verdict.ACCEPTED, provider_message_id=answer.provider_message_id)
    if not 400 <= answer.status < 500:
        return _doubt(f"http_{answer.status}", jitter)
    return _refusal(answer, answer.status, doubtful=doubtful, tries=tries, jitter=jitter)


def backoff(tries: int, jitter: float) -> float:
    """Return seconds before attempt `tries + 1`: doubling, at most 5 minutes, spread over its upper half."""
    return float(min(BACKOFF * 2 ** (tries - 1), BACKOFF_MOST)) * (0.5 + jitter / 2)


def _unanswered(answer: Answer, *, doubtful: bool, jitter: float) -> Outcome:
    if answer.may_have_arrived or doubtful:
        return _doubt(answer.code or "no_answer", jitter)
    return Outcome(Verdict.LATER, answer.code or "unreachable", answer.detail, delay=backoff(1, jitter))


def _doubt(code: str, jitter: float) -> Outcome:
    return Outcome(Verdict.DOUBT, code, delay=DOUBT_PAUSE * (1 + jitter))


def _refusal(answer: Answer, status: int, *, doubtful: bool, tries: int, jitter: float) -> Outcome:
    code = readable(answer.code) or f"HTTP_{status}"
    match classify(status, answer.code):
        case Class.DUPLICATE:
            return Outcome(Verdict.TAKEN, code)
        case None if doubtful:
            return _doubt(code, jitter)
        # Without a doubt, an undocumented refusal fails its own message only.
        case Class.RECIPIENT | Class.MESSAGE | None:
            return Outcome(Verdict.REFUSED, code, answer.detail)
        case Class.CONFIGURATION:
            return Outcome(Verdict.HALT, code, answer.detail)
        case Class.RETRY_SLOWLY:
            pause = min(answer.retry_after or SLOW_DOWN, SLOW_DOWN_MOST)
            return Outcome(Verdict.LATER, code, answer.detail, delay=pause * (1 + jitter))
        case Class.RETRY:
            if doubtful:
                return _doubt(code, jitter)
            if tries >= MAX_TRIES:
                return Outcome(Verdict.REFUSED, code, f"given up after {tries} attempts")
            return Outcome(Verdict.RETRY, code, answer.detail, delay=backoff(tries, jitter))
