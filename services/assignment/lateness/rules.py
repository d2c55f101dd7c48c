"""What a lateness is, and what the rule of the desk makes of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.assignment.attendance.rules import LatenessRule, Step


class LatenessState(StrEnum):
    """How a lateness stands; these codes are stored."""

    OPEN = "open"  # they have not come yet
    LATE = "late"
    NO_SHOW = "no_show"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rule makes of a lateness; no step for one that was announced beforehand or excused."""

    state: LatenessState
    minutes: int | None
    step: Step | None
    number: int | None
    repeated: bool


def minutes_late(starts_at: datetime, came_at: datetime) -> int:
    """Return the whole minutes after the start."""
    return max(0, (came_at - starts_at) // timedelta(minutes=1))


def judge(rule: LatenessRule, minutes: int | None, before: int, *, excused: bool) -> Verdict:
    """Return what the rule makes of one who came so many minutes late, or (None) did not come.

    `before`: how many of theirs in the window before this one were not excused.
    """
    state = LatenessState.NO_SHOW if minutes is None else LatenessState.LATE
    if excused:
        return Verdict(state, minutes, None, None, repeated=False)
    number = before + 1
    is_long = minutes is None or minutes > rule.short
    step = rule.long if is_long else rule.steps[min(before, len(rule.steps) - 1)]
    return Verdict(state, minutes, step, number, repeated=rule.repeated is not None and number >= rule.repeated)
