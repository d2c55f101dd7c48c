"""Presence of an operator: checked out, checked in, paused; and away while on shift (S4.6)."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from libs.common.contracts.shared import Presence


class PresenceCommand(StrEnum):
    """A command to change the presence; `silence` and `heartbeat` are the service's own."""

    CHECK_IN = "check_in"
    CHECK_OUT = "check_out"
    PAUSE = "pause"
    AWAY = "away"
    BACK = "back"
    SILENCE = "silence"
    HEARTBEAT = "heartbeat"


class Away(StrEnum):
    """Why an operator on shift is away: they said so, or nothing is heard of them."""

    SELF = "self"
    SILENT = "silent"


class ShiftStep(StrEnum):
    """The effect of a command on the shift."""

    NONE = "none"
    START = "start"
    END = "end"


class NotOnShiftError(Exception):
    """Only an operator on shift can pause, go away and come back."""


class OperatorInactiveError(Exception):
    """A deactivated operator cannot check in."""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The presence of an operator, whether one on shift is away, and why they pause if they said so."""

    presence: Presence
    away: Away | None = None
    active: bool = True
    reason: str | None = None

    @property
    def shown(self) -> str:
        """The word for the record of changes."""
        return "away" if self.away is not None else self.presence.value


@dataclass(frozen=True, slots=True)
class Move:
    """The whereabouts after a command, and the effect on the shift; `changed` is false for a repeat."""

    after: Whereabouts
    shift: ShiftStep
    changed: bool

    @property
    def can_be_given_work(self) -> bool:
        """Whether the operator is on shift, at work and here."""
        return self.after.presence is Presence.CHECKED_IN and self.after.away is None


def move(before: Whereabouts, command: PresenceCommand, reason: str | None = None) -> Move:
    """Return the result of a command; a repeated command changes nothing. `reason` is that of a pause.

    Raises NotOnShiftError for a pause, `away` or `back` without a shift, OperatorInactiveError for a check-in while
    inactive.
    """
    off_shift = before.presence is Presence.CHECKED_OUT
    match command:
        case PresenceCommand.CHECK_IN:
            if not before.active:
                raise OperatorInactiveError
            step = ShiftStep.START if off_shift else ShiftStep.NONE
            return _moved(before, replace(before, presence=Presence.CHECKED_IN, away=None, reason=None), step)
        case PresenceCommand.CHECK_OUT:
            step = ShiftStep.NONE if off_shift else ShiftStep.END
            return _moved(before, replace(before, presence=Presence.CHECKED_OUT, away=None, reason=None), step)
        case PresenceCommand.PAUSE | PresenceCommand.AWAY | PresenceCommand.BACK if off_shift:
            raise NotOnShiftError
        case PresenceCommand.PAUSE:
            return _moved(before, replace(before, presence=Presence.PAUSED, reason=reason))
        case PresenceCommand.AWAY:
            return _moved(before, replace(before, away=Away.SELF))
        case PresenceCommand.BACK:
            return _moved(before, replace(before, away=None))
        case PresenceCommand.SILENCE:
            silent = not off_shift and before.away is None
            return _moved(before, replace(before, away=Away.SILENT) if silent else before)
        case PresenceCommand.HEARTBEAT:
            # Who said that they are away stays so, though their browser is still open.
            return _moved(before, replace(before, away=None) if before.away is Away.SILENT else before)
        case _:
            assert_never(command)


def _moved(before: Whereabouts, after: Whereabouts, shift: ShiftStep = ShiftStep.NONE) -> Move:
    return Move(after, shift, after != before)
