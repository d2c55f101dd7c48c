"""Presence of an operator by its rules alone: what each wish leads to from wherever they stand (S4.6)."""

import pytest

from libs.common.contracts.shared import Presence
from services.assignment.shifts.rules import (
    Move,
    NotOnShiftError,
    OperatorInactiveError,
    ShiftStep,
    Wish,
    move,
)

OUT, IN, PAUSED = Presence.CHECKED_OUT, Presence.CHECKED_IN, Presence.PAUSED


@pytest.mark.parametrize(
    ("presence", "wish", "expected"),
    [
        (OUT, Wish.CHECK_IN, Move(IN, ShiftStep.START, changed=True)),
        (IN, Wish.CHECK_IN, Move(IN, ShiftStep.NONE, changed=False)),
        (PAUSED, Wish.CHECK_IN, Move(IN, ShiftStep.NONE, changed=True)),
        (OUT, Wish.CHECK_OUT, Move(OUT, ShiftStep.NONE, changed=False)),
        (IN, Wish.CHECK_OUT, Move(OUT, ShiftStep.END, changed=True)),
        (PAUSED, Wish.CHECK_OUT, Move(OUT, ShiftStep.END, changed=True)),
        (IN, Wish.PAUSE, Move(PAUSED, ShiftStep.NONE, changed=True)),
        (PAUSED, Wish.PAUSE, Move(PAUSED, ShiftStep.NONE, changed=False)),
    ],
)
def test_a_wish_leads_where_it_says(presence: Presence, wish: Wish, expected: Move) -> None:
    assert move(presence, wish, active=True) == expected


def test_nobody_pauses_without_a_shift() -> None:
    with pytest.raises(NotOnShiftError):
        move(OUT, Wish.PAUSE, active=True)


@pytest.mark.parametrize("presence", Presence)
def test_nobody_inactive_checks_in(presence: Presence) -> None:
    with pytest.raises(OperatorInactiveError):
        move(presence, Wish.CHECK_IN, active=False)


def test_somebody_inactive_may_leave() -> None:
    assert move(PAUSED, Wish.CHECK_OUT, active=False) == Move(OUT, ShiftStep.END, changed=True)
