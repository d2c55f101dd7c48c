"""Checks of lanes: what is pulled is shown in one, at every instant (S1.1, S4.5)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time, timedelta
from itertools import product
from typing import assert_never

from libs.common.contracts.shared import Mode
from services.tasks.playbooks.asks import Neutral
from services.tasks.playbooks.faults import Finding
from services.tasks.playbooks.lanes import Lane
from services.tasks.playbooks.model import Playbook, TaskType
from services.tasks.playbooks.terms import Addressee, Holder, covers
from services.tasks.playbooks.verbs import (
    ChangeOwner,
    Choose,
    Close,
    Defer,
    End,
    Note,
    Offer,
    Open,
    RetryAttempt,
    SendMessage,
    Start,
    StartTimer,
    Status,
    Steps,
    StopTimer,
)
from services.tasks.playbooks.walk import all_steps, outcomes, rule_lists, rule_steps, walk

_DAY = timedelta(days=1)
_EVE = timedelta(seconds=1)  # the last instant before a limit; limits are whole seconds
_MOST_ATTEMPTS, _OLDEST = 1000, 366 * _DAY  # what lies beyond is no gap


def undrawn(playbook: Playbook) -> Iterator[Finding]:
    """Yield lanes of pulled tasks that no queue shows to other operators than the holder (S1.2, S1.3)."""
    for lane, shown in _shown(playbook):
        if not shown:
            detail = f"tasks of lane {lane!r} are pulled, but no lane with holder nobody or anyone draws from it"
            yield Finding(f"/lanes/{lane}", "undrawn_lane", detail)


def gaps(playbook: Playbook) -> Iterator[Finding]:
    """Yield lanes whose tasks are in no queue at some instant, each with the first such case."""
    for lane, shown in _shown(playbook):
        case = next((case for case in _cases(shown) if not any(_holds(case, each) for each in shown)), None)
        if shown and case is not None:
            yield Finding(f"/lanes/{lane}", "gap", f"no lane shows a task of lane {lane!r} {case}")


def _shown(playbook: Playbook) -> Iterator[tuple[str, list[Lane]]]:
    """Yield each lane that pulled tasks carry with the queues that show it to others than the holder."""
    pulled = {kind.code for kind in playbook.task_types.values() if kind.mode is not Mode.PUSH}
    pulled |= set(_for_supervisors(playbook))
    for code in sorted({lane for kind, lane in _carried(playbook) if kind in pulled}):
        lanes = (each for each in playbook.lanes.values() if each.holder is not Holder.ME and not each.ahead)
        yield code, [lane for lane in lanes if code in lane.draws]


def _for_supervisors(playbook: Playbook) -> Iterator[str]:
    """Yield the types whose tasks supervisors pull in some place (`for: supervisor`)."""
    for _, kind, outcome in outcomes(playbook):
        steps = (step for step in walk(outcome.then) if isinstance(step, Defer))
        yield from (kind.successor(step) for step in steps if step.addressee is Addressee.SUPERVISOR)
    for _, found in all_steps(playbook):
        steps_open = (step for step in walk(found) if isinstance(step, Open))
        yield from (step.type for step in steps_open if step.addressee is Addressee.SUPERVISOR)


@dataclass(frozen=True, slots=True)
class _Case:
    """A task at an instant: its unsuccessful attempts, and its lead's time of arrival and age."""

    attempts: int
    arrival: time
    age: timedelta

    @property
    def days(self) -> int:
        """The age in days of the desk's calendar."""
        return (_since_midnight(self.arrival) + self.age) // _DAY

    def __str__(self) -> str:
        return f"of a lead that came at {self.arrival:%H:%M}, {self.age} later, after {self.attempts} attempts"


def _holds(case: _Case, lane: Lane) -> bool:
    window, days, attempts = lane.window, lane.days, lane.attempts
    between, outside = lane.received_between, lane.received_outside
    return (
        (window is None or window[0] <= case.age < window[1])
        and (days is None or days[0] <= case.days <= days[1])
        and (attempts is None or attempts[0] <= case.attempts <= attempts[1])
        and (between is None or covers(between, case.arrival))
        and (outside is None or not covers(outside, case.arrival))
    )


def _cases(lanes: list[Lane]) -> Iterator[_Case]:
    """Yield a case on each side of every limit of the lanes: between two of them nothing changes."""
    arrivals = {time(0), *(end for lane in lanes for end in lane.received_between or lane.received_outside or ())}
    attempts = {0, *(n for lane in lanes for end in lane.attempts or () for n in (end - 1, end, end + 1))}
    days = {n for lane in lanes for end in lane.days or () for n in (end, end + 1)}
    for count, arrival in product(sorted(attempts), sorted(arrivals)):
        limits = {end for lane in lanes for end in lane.window or ()}
        limits |= {n * _DAY - _since_midnight(arrival) for n in days}
        ages = {timedelta(0), *limits, *(limit - _EVE for limit in limits)}
        if 0 <= count <= _MOST_ATTEMPTS:
            yield from (_Case(count, arrival, age) for age in sorted(ages) if timedelta(0) <= age <= _OLDEST)


def _since_midnight(at: time) -> timedelta:
    return timedelta(hours=at.hour, minutes=at.minute)


def _carried(playbook: Playbook) -> Iterator[tuple[str, str]]:
    """Yield each task type with each lane that its tasks may have."""
    rules = tuple(rule for _, rules in rule_lists(playbook) for rule in rules)
    policies = tuple(step for p in playbook.attempts.values() for step in p.each + p.exhausted)
    yield from _lanes_of(playbook, None, rule_steps(rules) + policies)
    for kind in playbook.task_types.values():
        yield kind.code, kind.lane
        then = tuple(step for outcome in kind.outcomes.values() for step in outcome.then)
        yield from _lanes_of(playbook, kind, kind.on_take + kind.on_first_contact + then)


def _lanes_of(playbook: Playbook, kind: TaskType | None, steps: Steps) -> Iterator[tuple[str, str]]:
    """Yield each task type with the lane that steps set for it; `kind` is the type of the current task."""
    for step in walk(steps):
        match step:
            case Open(type=code, lane=str(lane)):
                yield code, lane
            case Defer(lane=str(lane)) if kind is not None:
                yield kind.successor(step), lane
            case RetryAttempt(policy=policy) if kind and (named := playbook.attempts[policy].lane) is not None:
                yield kind.code, named
            case (
                Open() | Defer() | RetryAttempt() | Close() | Status() | SendMessage() | StartTimer() | StopTimer()
            ):
                pass
            case Offer() | Start() | ChangeOwner() | Note() | End() | Choose() | Neutral():
                pass
            case _:
                assert_never(step)
