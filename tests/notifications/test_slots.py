"""The window of calls in flight: halved once per round without answers, grown while answers come."""

from hypothesis import given
from hypothesis import strategies as st

from services.notifications.delivery.slots import Window


def test_calls_that_stay_without_an_answer_together_halve_it_once() -> None:
    window = Window(16)
    begun = [window.begin() for _ in range(16)]
    for start in begun:
        window.end(start, answered=False)
    assert window.taken == 8


def test_round_by_round_it_shrinks_to_one_call_and_no_further() -> None:
    window = Window(16)
    for _ in range(10):
        window.end(window.begin(), answered=False)
    assert window.taken == 15


def test_answers_open_it_again() -> None:
    window = Window(16)
    window.end(window.begin(), answered=False)
    for _ in range(120):
        window.end(window.begin(), answered=True)
    assert window.taken == 0


@given(st.lists(st.booleans()))
def test_it_is_never_shut_nor_wider_than_its_most(answers: list[bool]) -> None:
    window = Window(8)
    for answered in answers:
        window.end(window.begin(), answered=answered)
    assert 0 <= window.taken <= 7
