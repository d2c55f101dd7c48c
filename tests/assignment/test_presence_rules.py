"""Presence of an operator by its rules alone: what each command leads to from wherever they stand (S4.6)."""

import pytest

from libs.common.contracts.shared import Presence
from services.assignment.shifts.rules import (
    Away,
    Move,
    NotOnShiftError,
    OperatorInactiveError,
    PresenceCommand,
    ShiftStep,
    Whereabouts,
    move,
)

OUT, IN, PAUSED = (
    Whereabouts(presence) for presence in (Presence.CHECKED_OUT, Presence.CHECKED_IN, Presence.PAUSED)
)
SILENT, GONE = (Whereabouts(Presence.CHECKED_IN, away) for away in (Away.SILENT, Away.SELF))
NONE = ShiftStep.NONE


@pytest.mark.parametrize(
    ("before", "command", "expected"),
    [
        (OUT, PresenceCommand.CHECK_IN, Move(IN, ShiftStep.START, changed=True)),
        (IN, PresenceCommand.CHECK_IN, Move(IN, NONE, changed=False)),
        (PAUSED, PresenceCommand.CHECK_IN, Move(IN, NONE, changed=True)),
        (GONE, PresenceCommand.CHECK_IN, Move(IN, NONE, changed=True)),
        (OUT, PresenceCommand.CHECK_OUT, Move(OUT, NONE, changed=False)),
        (IN, PresenceCommand.CHECK_OUT, Move(OUT, ShiftStep.END, changed=True)),
        (PAUSED, PresenceCommand.CHECK_OUT, Move(OUT, ShiftStep.END, changed=True)),
        (SILENT, PresenceCommand.CHECK_OUT, Move(OUT, ShiftStep.END, changed=True)),
        (IN, PresenceCommand.PAUSE, Move(PAUSED, NONE, changed=True)),
        (PAUSED, PresenceCommand.PAUSE, Move(PAUSED, NONE, changed=False)),
        (IN, PresenceCommand.AWAY, Move(GONE, NONE, changed=True)),
        (SILENT, PresenceCommand.AWAY, Move(GONE, NONE, changed=True)),
        (GONE, PresenceCommand.BACK, Move(IN, NONE, changed=True)),
        (IN, PresenceCommand.BACK, Move(IN, NONE, changed=False)),
        (IN, PresenceCommand.SILENCE, Move(SILENT, NONE, changed=True)),
        (GONE, PresenceCommand.SILENCE, Move(GONE, NONE, changed=False)),
        (OUT, PresenceCommand.SILENCE, Move(OUT, NONE, changed=False)),
        (SILENT, PresenceCommand.HEARTBEAT, Move(IN, NONE, changed=True)),
        (GONE, PresenceCommand.HEARTBEAT, Move(GONE, NONE, changed=False)),
        (OUT, PresenceCommand.HEARTBEAT, Move(OUT, NONE, changed=False)),
    ],
)
def test_a_command_leads_where_it_says(before: Whereabouts, command: PresenceCommand, expected: Move) -> None:
    assert move(before, command) == expected


@pytest.mark.parametrize("command", [PresenceCommand.PAUSE, PresenceCommand.AWAY, PresenceCommand.BACK])
def test_nobody_pauses_goes_away_or_comes_back_without_a_shift(command: PresenceCommand) -> None:
    with pytest.raises(NotOnShiftError):
        move(OUT, command)


@pytest.mark.parametrize("presence", Presence)
def test_nobody_inactive_checks_in(presence: Presence) -> None:
    with pytest.raises(OperatorInactiveError):
        move(Whereabouts(presence, active=False), PresenceCommand.CHECK_IN)


def test_somebody_inactive_may_leave() -> None:
    gone = Whereabouts(Presence.CHECKED_OUT, active=False)
    left = move(Whereabouts(Presence.PAUSED, active=False), PresenceCommand.CHECK_OUT)
    assert left == Move(gone, ShiftStep.END, changed=True)


@pytest.mark.parametrize(("before", "free"), [(OUT, True), (PAUSED, True), (GONE, True)])
def test_who_checks_in_can_be_given_work(before: Whereabouts, free: bool) -> None:
    assert move(before, PresenceCommand.CHECK_IN).can_be_given_work is free


def test_who_comes_back_to_a_pause_cannot_be_given_work() -> None:
    paused = Whereabouts(Presence.PAUSED, Away.SILENT)
    assert not move(paused, PresenceCommand.HEARTBEAT).can_be_given_work
