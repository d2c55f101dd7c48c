"""What a playbook's rule may ask before it runs: every part that is set must hold."""

from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest

from services.tasks.engine.conditions import Context, holds
from services.tasks.engine.state import Hours, State
from services.tasks.playbooks.conditions import Condition
from tests.tasks.support import ANNA, CALLBACK, START, blank, facts, started

MIDNIGHT = START - timedelta(hours=12)  # in Moscow, where the desk is
NIGHT, DAY = (time(21), time(9)), (time(9), time(21))


def state_of_a_lead() -> State:
    """A lead with a test number, whose call is open and whom Anna owns."""
    state = started(CALLBACK, order_status="paid").state
    state.owner = ANNA
    return state


@pytest.mark.parametrize(
    ("when", "same"),
    [
        (Condition(), True),
        (Condition(order_status=("new", "paid")), True),
        (Condition(order_status=("new",)), False),
        (Condition(status=("new",)), True),
        (Condition(status=("booked",)), False),
        (Condition(open=("call_back",)), True),
        (Condition(open=("other",)), False),
        (Condition(types=("call_back",)), True),
        (Condition(types=("other",)), False),
        (Condition(purposes=("hello",)), True),
        (Condition(purposes=("other",)), False),
        (Condition(signals=("test_number",)), False),
        (Condition(owned=True), True),
        (Condition(owned=False), False),
        (Condition(owned=True, open=("other",)), False),
        (Condition(status=("booked",), owned=True), False),
    ],
)
def test_every_part_that_is_set_must_hold(when: Condition, same: bool) -> None:
    assert holds(when, Context(state_of_a_lead(), "paid", "call_back", "hello")) is same


def test_a_signal_of_the_lead_is_one_of_those_asked_for() -> None:
    state = blank(CALLBACK, facts("test_number"))
    asked = Condition(signals=("false_number", "test_number"))
    assert holds(asked, Context(state, "new"))


@pytest.mark.parametrize("when", [Condition(types=("call_back",)), Condition(purposes=("hello",))])
def test_what_did_not_happen_holds_for_nothing(when: Condition) -> None:
    assert not holds(when, Context(state_of_a_lead(), "paid"))


@pytest.mark.parametrize(
    ("window", "at", "inside"),
    [
        (DAY, time(8, 59), False),
        (DAY, time(9), True),
        (DAY, time(20, 59), True),
        (DAY, time(21), False),
        (NIGHT, time(20, 59), False),
        (NIGHT, time(21), True),
        (NIGHT, time(0), True),
        (NIGHT, time(8, 59), True),
        (NIGHT, time(9), False),
        ((time(9), time(9)), time(9), False),
    ],
)
def test_a_window_is_of_the_desk_s_day_and_may_cross_midnight(
    window: tuple[time, time], at: time, inside: bool
) -> None:
    moment: datetime = MIDNIGHT + timedelta(hours=at.hour, minutes=at.minute)
    state = blank(CALLBACK, replace(facts(), received_at=moment))
    assert holds(Condition(received_between=window), Context(state, "new")) is inside


@pytest.mark.parametrize(
    ("when", "same"),
    [
        (Condition(problem=("busy",)), True),
        (Condition(problem=("no_reply",)), False),
        (Condition(attempts={"calls": (0, 2)}), True),
        (Condition(attempts={"calls": (3, 9)}), False),
        (Condition(attempts={"other": (0, 0)}), True),
        (Condition(filled=("deposit",), empty=("colour",)), True),
        (Condition(filled=("colour",)), False),
        (Condition(empty=("deposit",)), False),
        (Condition(empty=("visit_at",)), False),
        (Condition(age=(timedelta(minutes=20), timedelta(minutes=40))), True),
        (Condition(age=(timedelta(minutes=31), timedelta(minutes=40))), False),
        (Condition(age=(timedelta(minutes=20), timedelta(minutes=30))), False),
        (Condition(now_between=(time(12), time(13))), True),
        (Condition(now_between=NIGHT), False),
        (Condition(open_hours=True), True),
        (Condition(open_hours=False), False),
    ],
)
def test_a_rule_may_ask_for_attempts_fields_problem_and_time(when: Condition, same: bool) -> None:
    state = state_of_a_lead()
    state.attempts, state.fields = {"calls": 2}, {"deposit": "100"}
    now = state.facts.received_at + timedelta(minutes=30)
    given = Context(state, None, now=now, problem="busy", fields={"visit_at": "2026-03-05T12:00+03:00"})
    assert holds(when, given) is same


def test_closed_hours_are_those_of_the_desk() -> None:
    state = state_of_a_lead()
    state.desk = replace(state.desk, hours=(Hours(1, time(9), time(12)),))
    at_noon = Context(state, None, now=START)
    assert holds(Condition(open_hours=False), at_noon)
    assert holds(Condition(open_hours=True), replace(at_noon, now=START - timedelta(minutes=1)))
