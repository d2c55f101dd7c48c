"""Whether a step of an appointment is taken. Data in, decision out: a refusal never raises."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias, assert_never
from uuid import UUID

from libs.common.contracts.shared import AppointmentParty, AppointmentStep
from services.intake.changes.rules import Problem, Problems
from services.intake.partners.rules import Hours

MOST_AHEAD = timedelta(days=3660)
_TRUTH = {"true": True, "false": False}


class Refusal(StrEnum):
    """Why a step is not taken, before its values count."""

    ALREADY_PLANNED = "already_planned"
    NOT_FOUND = "not_found"  # none is under way
    STALE_VERSION = "stale_version"


@dataclass(frozen=True, slots=True)
class Wish:
    """A step as asked for; `at` is None where the step keeps the time."""

    step: AppointmentStep
    at: datetime | None = None
    by: AppointmentParty | None = None
    warned: bool | None = None


@dataclass(frozen=True, slots=True)
class UnderWay:
    """The appointment of a lead that no step has ended yet."""

    id: UUID
    at: datetime
    version: int


State: TypeAlias = UnderWay | None


def read_step(values: Mapping[str, str]) -> AppointmentStep | None:
    """Return the step asked for; None when there is none of that name."""
    given = values.get("step")
    return AppointmentStep(given) if given in set(AppointmentStep) else None


def read_wish(step: AppointmentStep, values: Mapping[str, str]) -> tuple[Wish, Problems]:
    """Return what is asked for as far as it can be read, and everything that is wrong with its form."""
    known = members_of(step)
    problems = [Problem(name, "unknown_field") for name in sorted(values.keys() - {"step", *known})]
    at, by, warned = _moment(values.get("at")), values.get("by"), values.get("warned")
    if isinstance(at, Problem):
        problems.append(at)
    elif at is None and "at" in known:
        problems.append(Problem("at", "missing"))
    if by is not None and by not in set(AppointmentParty):
        problems.append(Problem("by", "unknown_party"))
    if warned is not None and warned not in _TRUTH:
        problems.append(Problem("warned", "not_true_or_false"))
    wish = Wish(
        step,
        at if isinstance(at, datetime) and "at" in known else None,
        AppointmentParty(by) if by in set(AppointmentParty) else None,
        _TRUTH.get(warned or ""),
    )
    return wish, tuple(problems)


def members_of(step: AppointmentStep) -> Sequence[str]:
    """Return the members that a step may have."""
    match step:
        case AppointmentStep.PLANNED:
            return ("at",)
        case AppointmentStep.MOVED:
            return ("at", "by", "warned")
        case AppointmentStep.CANCELLED:
            return ("by", "warned")
        case AppointmentStep.KEPT | AppointmentStep.MISSED:
            return ()
        case _:
            assert_never(step)


def refusal_of(step: AppointmentStep, state: State, seen: int | None) -> Refusal | None:
    """Return why the step does not fit the lead's appointment; `seen` is the version that the caller saw."""
    if step is AppointmentStep.PLANNED and state is not None:
        return Refusal.ALREADY_PLANNED
    if step is not AppointmentStep.PLANNED and state is None:
        return Refusal.NOT_FOUND
    if seen is not None and (state is None or state.version != seen):
        return Refusal.STALE_VERSION
    return None


def faults_of(wish: Wish, now: datetime, hours: Hours | None) -> Problems:
    """Return what is wrong with the time; `hours` are those of the lead's partner (S0.13), None without one."""
    if wish.at is None:
        return ()
    if wish.at - now > MOST_AHEAD:
        return (Problem("at", "too_far"),)
    problems = []
    if wish.at < now:
        problems.append(Problem("at", "in_the_past"))
    if hours is not None and not hours.is_open(wish.at):
        problems.append(Problem("at", "outside_hours"))
    return tuple(problems)


def is_new(wish: Wish, state: State) -> bool:
    """Return whether the step changes anything: to move an appointment to its own time does not."""
    return not (wish.step is AppointmentStep.MOVED and state is not None and wish.at == state.at)


def _moment(text: str | None) -> datetime | Problem | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return Problem("at", "not_a_moment")
    return Problem("at", "no_offset") if moment.utcoffset() is None else moment
