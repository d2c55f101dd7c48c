"""Presence of an operator: checked out, checked in, paused (S4.6)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from libs.common.contracts.shared import Presence


class PresenceCommand(StrEnum):
    """A command to change the presence."""

    CHECK_IN = "check_in"
    CHECK_OUT = "check_out"
    PAUSE = "pause"


class ShiftStep(StrEnum):
    """The effect of a command on the shift."""

    NONE = "none"
    START = "start"
    END = "end"


class NotOnShiftError(Exception):
    """Only an operator on shift can pause."""


class OperatorInactiveError(Exception):
    """A deactivated operator cannot check in."""


@dataclass(frozen=True, slots=True)
class Move:
    """The presence after a command, and the effect on the shift; `changed` is false for a repeat."""

    presence: Presence
    shift: ShiftStep
    changed: bool


def move(presence: Presence, command: PresenceCommand, *, active: bool) -> Move:
    """Return the result of a command; a repeated command changes nothing.

    Raises NotOnShiftError for a pause without a shift, OperatorInactiveError for a check-in while inactive.
    """
    match command:
        case PresenceCommand.CHECK_IN:
            if not active:
                raise OperatorInactiveError
            step = ShiftStep.START if presence is Presence.CHECKED_OUT else ShiftStep.NONE
            target = Presence.CHECKED_IN
        case PresenceCommand.CHECK_OUT:
            step = ShiftStep.NONE if presence is Presence.CHECKED_OUT else ShiftStep.END
            target = Presence.CHECKED_OUT
        case PresenceCommand.PAUSE:
            if presence is Presence.CHECKED_OUT:
                raise NotOnShiftError
            step, target = ShiftStep.NONE, Presence.PAUSED
        case _:
            assert_never(command)
    return Move(target, step, target is not presence)
