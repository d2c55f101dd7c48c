"""What a provider's answer means (Wazzup API v3, send errors), without a network."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.delivery.rules import (
    BACKOFF,
    BACKOFF_MOST,
    DOUBT_PAUSE,
    MAX_TRIES,
    SLOW_DOWN,
    Answer,
    Class,
    Outcome,
    Verdict,
    backoff,
    classify,
    judge,
)


def verdict(answer: Answer, *, doubtful: bool = False, tries: int = 1) -> Verdict:
    return judge(answer, doubtful=doubtful, tries=tries, jitter=0.5).verdict


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(201, provider_message_id="m"), Verdict.ACCEPTED),
        (Answer(201), Verdict.DOUBT),
        (Answer(204), Verdict.DOUBT),
        (Answer(400, code="REPEATED_CRM_MESSAGE_ID"), Verdict.TAKEN),
        (Answer(400, code="repeatedCrmMessageId"), Verdict.TAKEN),
        (Answer(400, code="CHANNEL_NO_MONEY"), Verdict.HALT),
        (Answer(401), Verdict.HALT),
        (Answer(403), Verdict.HALT),
        (Answer(400, code="BAD_CONTACT"), Verdict.REFUSED),
        (Answer(400, code="MESSAGE_TEXT_TOO_LONG"), Verdict.REFUSED),
        (Answer(400, code="MESSAGES_TOO_LONG_TEXT"), Verdict.REFUSED),
        (Answer(400, code="NEVER_HEARD_OF"), Verdict.REFUSED),
        (Answer(400, code="MESSAGE_CHANNEL_UNAVAILABLE"), Verdict.RETRY),
        (Answer(429), Verdict.LATER),
        (Answer(503), Verdict.DOUBT),
        (Answer(302), Verdict.DOUBT),
        (Answer(None), Verdict.DOUBT),
        (Answer(None, may_have_arrived=False), Verdict.LATER),
    ],
)
def test_an_answer_has_one_verdict(answer: Answer, expected: Verdict) -> None:
    assert verdict(answer) is expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(400, code="MESSAGE_CHANNEL_UNAVAILABLE"), Verdict.DOUBT),
        (Answer(None, may_have_arrived=False), Verdict.DOUBT),
        (Answer(400), Verdict.DOUBT),
        (Answer(413), Verdict.DOUBT),
        (Answer(400, code="NEVER_HEARD_OF"), Verdict.DOUBT),
        (Answer(201), Verdict.DOUBT),
        (Answer(400, code="BAD_CONTACT"), Verdict.REFUSED),
        (Answer(400, code="INVALID_MESSAGE_DATA"), Verdict.REFUSED),
        (Answer(400, code="MESSAGES_CONTENT_SIZE_EXCEEDED_10MB"), Verdict.REFUSED),
        (Answer(400, code="REPEATED_CRM_MESSAGE_ID"), Verdict.TAKEN),
    ],
)
def test_after_a_lost_answer_only_the_content_itself_can_be_refused(answer: Answer, expected: Verdict) -> None:
    assert verdict(answer, doubtful=True) is expected


def test_the_last_refusal_ends_the_message() -> None:
    unavailable = Answer(400, code="MESSAGE_CHANNEL_UNAVAILABLE")
    assert verdict(unavailable, tries=MAX_TRIES) is Verdict.REFUSED


UNAVAILABLE = "MESSAGE_CHANNEL_UNAVAILABLE"
SAID = "in the provider's words"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(200, provider_message_id="m"), Outcome(Verdict.ACCEPTED, provider_message_id="m")),
        (Answer(299, provider_message_id="m"), Outcome(Verdict.ACCEPTED, provider_message_id="m")),
        (Answer(300, provider_message_id="m"), Outcome(Verdict.DOUBT, "http_300", delay=DOUBT_PAUSE * 1.5)),
        (Answer(500, detail=SAID), Outcome(Verdict.DOUBT, "http_500", delay=DOUBT_PAUSE * 1.5)),
        (Answer(None, detail=SAID), Outcome(Verdict.DOUBT, "no_answer", delay=DOUBT_PAUSE * 1.5)),
        (Answer(None, code="timeout"), Outcome(Verdict.DOUBT, "timeout", delay=DOUBT_PAUSE * 1.5)),
        (Answer(None, False, detail=SAID), Outcome(Verdict.LATER, "unreachable", SAID, delay=BACKOFF * 0.75)),
        (Answer(None, False, "refused", SAID), Outcome(Verdict.LATER, "refused", SAID, delay=BACKOFF * 0.75)),
        (Answer(400, code="repeatedCrmMessageId"), Outcome(Verdict.TAKEN, "repeatedCrmMessageId")),
        (Answer(400, True, "BAD_CONTACT", SAID), Outcome(Verdict.REFUSED, "BAD_CONTACT", SAID)),
        (Answer(404, True, "", SAID), Outcome(Verdict.HALT, "HTTP_404", SAID)),
        (Answer(405, True, "", SAID), Outcome(Verdict.HALT, "HTTP_405", SAID)),
        (Answer(429, True, "", SAID), Outcome(Verdict.LATER, "HTTP_429", SAID, delay=SLOW_DOWN * 1.5)),
        (Answer(400, True, UNAVAILABLE, SAID), Outcome(Verdict.RETRY, UNAVAILABLE, SAID, delay=BACKOFF * 0.75)),
    ],
)
def test_an_outcome_tells_its_reason_and_when_to_look_again(answer: Answer, expected: Outcome) -> None:
    assert judge(answer, doubtful=False, tries=1, jitter=0.5) == expected


@pytest.mark.parametrize("code", ["NEVER_HEARD_OF", UNAVAILABLE])
def test_a_doubt_names_what_raised_it(code: str) -> None:
    assert judge(Answer(400, code=code), doubtful=True, tries=1, jitter=0.5).code == code


def test_the_last_refusal_says_how_often_it_was_tried() -> None:
    given_up = judge(Answer(400, code=UNAVAILABLE), doubtful=False, tries=MAX_TRIES, jitter=0.5)
    assert given_up == Outcome(Verdict.REFUSED, UNAVAILABLE, f"given up after {MAX_TRIES} attempts")


def test_a_bare_error_has_its_status_as_code() -> None:
    assert judge(Answer(422), doubtful=False, tries=1, jitter=0).code == "HTTP_422"


@pytest.mark.parametrize("text", ["Номер +79000000001 не найден", "79000000001", "no such chat", "X" * 65])
def test_free_text_in_the_place_of_a_code_is_not_passed_on(text: str) -> None:
    assert judge(Answer(400, code=text), doubtful=False, tries=1, jitter=0).code == "HTTP_400"


def test_retry_after_is_respected_within_reason() -> None:
    delays = [judge(Answer(429, retry_after=s), doubtful=False, tries=1, jitter=0).delay for s in (7.0, 9e9)]
    assert delays == [7.0, 600.0]


def test_backoff_doubles_and_is_spread_over_its_upper_half() -> None:
    assert [backoff(tries, 0) for tries in (1, 2, 3)] == [BACKOFF / 2, BACKOFF, BACKOFF * 2]
    assert [backoff(tries, 1) for tries in (1, 2, 60)] == [BACKOFF, BACKOFF * 2, BACKOFF_MOST]


@given(st.integers(1, 60), st.floats(0, 1))
def test_backoff_grows_and_stays_within_its_bounds(tries: int, jitter: float) -> None:
    assert 0 < backoff(tries, jitter) <= BACKOFF_MOST
    assert backoff(tries, jitter) <= backoff(tries + 1, jitter)


CODES = st.text() | st.sampled_from(
    ["BAD_CONTACT", "MESSAGES_CAN_NOT_ADD", "VALIDATION_ERROR", "repeatedCrmMessageId"]
)


@given(st.one_of(st.none(), st.integers(100, 599)), st.booleans(), CODES, st.booleans(), st.integers(1, 20))
def test_a_doubtful_key_is_never_renewed_and_its_message_never_failed_on_a_guess(
    status: int | None, may_have_arrived: bool, code: str, doubtful: bool, tries: int
) -> None:
    found = verdict(Answer(status, may_have_arrived, code), doubtful=doubtful, tries=tries)
    refused = {Class.RECIPIENT, Class.MESSAGE}
    assert not (doubtful and found is Verdict.RETRY)
    assert not (doubtful and found is Verdict.REFUSED) or classify(status or 0, code) in refused
