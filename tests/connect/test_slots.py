"""Send slots: halved once per round without answers, grown while answers return."""

from hypothesis import given
from hypothesis import strategies as st

from libs.common.connect.command.slots import SendSlots


def test_calls_of_one_round_without_answers_halve_the_slots_once() -> None:
    slots = SendSlots(16)
    tokens = [slots.acquire() for _ in range(16)]
    for token in tokens:
        slots.release(token, answered=False)
    assert slots.busy == 8


def test_slots_shrink_round_by_round_to_one() -> None:
    slots = SendSlots(16)
    for _ in range(10):
        slots.release(slots.acquire(), answered=False)
    assert slots.busy == 15


def test_answers_restore_the_slots() -> None:
    slots = SendSlots(16)
    slots.release(slots.acquire(), answered=False)
    for _ in range(120):
        slots.release(slots.acquire(), answered=True)
    assert slots.busy == 0


@given(st.lists(st.booleans()))
def test_there_is_at_least_one_slot_and_at_most_the_limit(answers: list[bool]) -> None:
    slots = SendSlots(8)
    for answered in answers:
        slots.release(slots.acquire(), answered=answered)
    assert 0 <= slots.busy <= 7
