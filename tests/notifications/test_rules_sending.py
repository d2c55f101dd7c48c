"""What a provider's answer means (Wazzup API v3, send errors), without a network."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.sending.rules import (
    BACKOFF_MOST,
    MAX_TRIES,
    Answer,
    Class,
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
        (Answer(None, left=False), Verdict.LATER),
    ],
)
def test_an_answer_has_one_verdict(answer: Answer, expected: Verdict) -> None:
    assert verdict(answer) is expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(400, code="MESSAGE_CHANNEL_UNAVAILABLE"), Verdict.DOUBT),
        (Answer(None, left=False), Verdict.DOUBT),
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


def test_a_bare_error_has_its_status_as_code() -> None:
    assert judge(Answer(422), doubtful=False, tries=1, jitter=0).code == "HTTP_422"


@pytest.mark.parametrize("text", ["Номер +79000000001 не найден", "79000000001", "no such chat", "X" * 65])
def test_free_text_in_the_place_of_a_code_is_not_passed_on(text: str) -> None:
    assert judge(Answer(400, code=text), doubtful=False, tries=1, jitter=0).code == "HTTP_400"


def test_retry_after_is_respected_within_reason() -> None:
    delays = [judge(Answer(429, retry_after=s), doubtful=False, tries=1, jitter=0).delay for s in (7.0, 9e9)]
    assert delays == [7.0, 600.0]


@given(st.integers(1, 60), st.floats(0, 1))
def test_backoff_grows_and_stays_within_its_bounds(tries: int, jitter: float) -> None:
    assert 0 < backoff(tries, jitter) <= BACKOFF_MOST
    assert backoff(tries, jitter) <= backoff(tries + 1, jitter)


CODES = st.text() | st.sampled_from(
    ["BAD_CONTACT", "MESSAGES_CAN_NOT_ADD", "VALIDATION_ERROR", "repeatedCrmMessageId"]
)


@given(st.one_of(st.none(), st.integers(100, 599)), st.booleans(), CODES, st.booleans(), st.integers(1, 20))
def test_a_doubtful_key_is_never_renewed_and_its_message_never_failed_on_a_guess(
    status: int | None, left: bool, code: str, doubtful: bool, tries: int
) -> None:
    found = verdict(Answer(status, left, code), doubtful=doubtful, tries=tries)
    refused = {Class.RECIPIENT, Class.MESSAGE}
    assert not (doubtful and found is Verdict.RETRY)
    assert not (doubtful and found is Verdict.REFUSED) or classify(status or 0, code) in refused
