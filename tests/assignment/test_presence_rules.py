"""Presence of an operator by its rules alone: what each command leads to from wherever they stand (S4.6)."""

import pytest

from libs.common.contracts.shared import Presence
from services.assignment.shifts.rules import (
    Move,
    NotOnShiftError,
    OperatorInactiveError,
    PresenceCommand,
    ShiftStep,
    move,
)

OUT, IN, PAUSED = Presence.CHECKED_OUT, Presence.CHECKED_IN, Presence.PAUSED


@pytest.mark.parametrize(
    ("presence", "command", "expected"),
    [
        (OUT, PresenceCommand.CHECK_IN, Move(IN, ShiftStep.START, changed=True)),
        (IN, PresenceCommand.CHECK_IN, Move(IN, ShiftStep.NONE, changed=False)),
        (PAUSED, PresenceCommand.CHECK_IN, Move(IN, ShiftStep.NONE, changed=True)),
        (OUT, PresenceCommand.CHECK_OUT, Move(OUT, ShiftStep.NONE, changed=False)),
        (IN, PresenceCommand.CHECK_OUT, Move(OUT, ShiftStep.END, changed=True)),
        (PAUSED, PresenceCommand.CHECK_OUT, Move(OUT, ShiftStep.END, changed=True)),
        (IN, PresenceCommand.PAUSE, Move(PAUSED, ShiftStep.NONE, changed=True)),
        (PAUSED, PresenceCommand.PAUSE, Move(PAUSED, ShiftStep.NONE, changed=False)),
    ],
)
def test_a_command_leads_where_it_says(presence: Presence, command: PresenceCommand, expected: Move) -> None:
    assert move(presence, command, active=True) == expected


def test_nobody_pauses_without_a_shift() -> None:
    with pytest.raises(NotOnShiftError):
        move(OUT, PresenceCommand.PAUSE, active=True)


@pytest.mark.parametrize("presence", Presence)
def test_nobody_inactive_checks_in(presence: Presence) -> None:
    with pytest.raises(OperatorInactiveError):
        move(presence, PresenceCommand.CHECK_IN, active=False)


def test_somebody_inactive_may_leave() -> None:
    assert move(PAUSED, PresenceCommand.CHECK_OUT, active=False) == Move(OUT, ShiftStep.END, changed=True)
