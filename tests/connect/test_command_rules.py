"""What an answer means for a command, without a network."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.connect.command.rules import (
    BACKOFF,
    BACKOFF_MOST,
    DOUBT_PAUSE,
    MAX_TRIES,
    SLOW_DOWN,
    Accepted,
    Answer,
    Class,
    Duplicate,
    Outcome,
    Refused,
    Unclear,
    Verdict,
    answer_to,
    backoff,
    judge,
    readable,
)
from libs.common.connect.exchange import Lost

SAID = "in the provider's words"
RECIPIENT = Refused(Class.RECIPIENT, "BAD_CONTACT", SAID)
MESSAGE = Refused(Class.MESSAGE, "TOO_LONG", SAID)
AGAIN = Refused(Class.RETRY, "UNAVAILABLE", SAID)
STRANGE = Refused(None, "NEVER_HEARD_OF", SAID)


def outcome(answer: Answer, *, doubtful: bool = False, repeats: bool = True, tries: int = 1) -> Outcome:
    return judge(answer, doubtful=doubtful, repeats=repeats, tries=tries, jitter=0.5)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Accepted("m"), Outcome(Verdict.ACCEPTED, external_id="m")),
        (Duplicate("REPEATED"), Outcome(Verdict.TAKEN, "REPEATED")),
        (Refused(Class.DUPLICATE, "REPEATED", SAID), Outcome(Verdict.TAKEN, "REPEATED")),
        (RECIPIENT, Outcome(Verdict.REFUSED, "BAD_CONTACT", SAID, error=Class.RECIPIENT)),
        (MESSAGE, Outcome(Verdict.REFUSED, "TOO_LONG", SAID, error=Class.MESSAGE)),
        (STRANGE, Outcome(Verdict.REFUSED, "NEVER_HEARD_OF", SAID)),
        (
            Refused(Class.CONFIGURATION, "HTTP_404", SAID),
            Outcome(Verdict.HALT, "HTTP_404", SAID, error=Class.CONFIGURATION),
        ),
        (AGAIN, Outcome(Verdict.RETRY, "UNAVAILABLE", SAID, delay=BACKOFF * 0.75, error=Class.RETRY)),
        (
            Refused(Class.RETRY_SLOWLY, "HTTP_429", SAID),
            Outcome(Verdict.LATER, "HTTP_429", SAID, delay=SLOW_DOWN * 1.5, error=Class.RETRY_SLOWLY),
        ),
        (
            Refused(Class.PAUSE, "PAIR", SAID, wait=6),
            Outcome(Verdict.PAUSE, "PAIR", SAID, delay=6.5, error=Class.PAUSE),
        ),
        (Refused(Class.PAUSE, "PAIR"), Outcome(Verdict.PAUSE, "PAIR", delay=SLOW_DOWN + 0.5, error=Class.PAUSE)),
        (Unclear("http_503", detail=SAID), Outcome(Verdict.DOUBT, "http_503", delay=DOUBT_PAUSE * 1.5)),
        (Unclear("unreachable", False, SAID), Outcome(Verdict.LATER, "unreachable", SAID, delay=BACKOFF * 0.75)),
    ],
)
def test_an_answer_has_one_outcome(answer: Answer, expected: Outcome) -> None:
    assert outcome(answer) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (AGAIN, Verdict.DOUBT),
        (STRANGE, Verdict.DOUBT),
        (Unclear("unreachable", arrived=False), Verdict.DOUBT),
        (Unclear("no_answer"), Verdict.DOUBT),
        (RECIPIENT, Verdict.REFUSED),
        (MESSAGE, Verdict.REFUSED),
        (Duplicate("REPEATED"), Verdict.TAKEN),
        (Accepted("m"), Verdict.ACCEPTED),
    ],
)
def test_after_a_lost_answer_only_the_content_itself_can_be_refused(answer: Answer, expected: Verdict) -> None:
    assert outcome(answer, doubtful=True).verdict is expected


@pytest.mark.parametrize("answer", [STRANGE, AGAIN])
def test_a_doubt_names_what_raised_it(answer: Refused) -> None:
    assert outcome(answer, doubtful=True).code == answer.code


@pytest.mark.parametrize("code", ["no_answer", "http_502"])
def test_an_answer_that_is_lost_is_waited_for_where_a_repeat_would_be_a_second_call(code: str) -> None:
    assert outcome(Unclear(code), repeats=False) == Outcome(Verdict.WAIT, code)


def test_the_last_refusal_says_how_often_it_was_tried() -> None:
    given_up = outcome(AGAIN, tries=MAX_TRIES)
    assert given_up == Outcome(
        Verdict.REFUSED, "UNAVAILABLE", f"given up after {MAX_TRIES} attempts", error=Class.RETRY
    )


@pytest.mark.parametrize(
    ("lost", "expected"),
    [
        (Lost(True, "no_answer", SAID), Unclear("no_answer", True, SAID)),
        (Lost(False, "unreachable", SAID), Unclear("unreachable", False, SAID)),
        (Lost(False, "address_forbidden"), Refused(Class.CONFIGURATION, "address_forbidden")),
        (Lost(False, "request_malformed", SAID), Refused(Class.CONFIGURATION, "request_malformed", SAID)),
    ],
)
def test_a_missing_reply_is_an_answer_too(lost: Lost, expected: Answer) -> None:
    assert answer_to(lost) == expected


@pytest.mark.parametrize("text", ["Номер +79000000001 не найден", "79000000001", "no such chat", "X" * 65, ""])
def test_free_text_in_the_place_of_a_code_is_not_passed_on(text: str) -> None:
    assert readable(text) == ""


@pytest.mark.parametrize("code", ["BAD_CONTACT", "http_503", "E-1.2", "X" * 64])
def test_a_code_is_passed_on(code: str) -> None:
    assert readable(code) == code


def test_a_wish_to_wait_is_respected_within_reason() -> None:
    delays = [
        judge(Refused(Class.RETRY_SLOWLY, "x", wait=s), doubtful=False, repeats=True, tries=1, jitter=0).delay
        for s in (7.0, 9e9)
    ]
    assert delays == [7.0, 600.0]


def test_backoff_doubles_and_is_spread_over_its_upper_half() -> None:
    assert [backoff(tries, 0) for tries in (1, 2, 3)] == [BACKOFF / 2, BACKOFF, BACKOFF * 2]
    assert [backoff(tries, 1) for tries in (1, 2, 60)] == [BACKOFF, BACKOFF * 2, BACKOFF_MOST]


@given(st.integers(1, 60), st.floats(0, 1))
def test_backoff_grows_and_stays_within_its_bounds(tries: int, jitter: float) -> None:
    assert 0 < backoff(tries, jitter) <= BACKOFF_MOST
    assert backoff(tries, jitter) <= backoff(tries + 1, jitter)


ANSWERS = st.one_of(
    st.builds(Accepted, st.text()),
    st.builds(Duplicate, st.text()),
    st.builds(Refused, st.none() | st.sampled_from(Class), st.text()),
    st.builds(Unclear, st.text(), st.booleans()),
)


@given(ANSWERS, st.booleans(), st.booleans(), st.integers(1, 20))
def test_a_doubtful_key_is_never_renewed_and_never_refused_on_a_guess(
    answer: Answer, doubtful: bool, repeats: bool, tries: int
) -> None:
    found = outcome(answer, doubtful=doubtful, repeats=repeats, tries=tries)
    assert not (doubtful and found.verdict is Verdict.RETRY)
    refused = doubtful and found.verdict is Verdict.REFUSED
    assert not refused or found.error in (Class.RECIPIENT, Class.MESSAGE)


@given(ANSWERS, st.booleans(), st.integers(1, 20))
def test_what_must_not_be_repeated_is_not_called_again_after_a_doubt(
    answer: Answer, doubtful: bool, tries: int
) -> None:
    assert outcome(answer, doubtful=doubtful, repeats=False, tries=tries).verdict is not Verdict.DOUBT
