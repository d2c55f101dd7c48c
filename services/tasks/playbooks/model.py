"""A playbook as the engine reads it: frozen data, compiled once per version (P.4, architecture: no rule of a
desk in code).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from enum import StrEnum
from typing import TypeAlias

from libs.common.contracts.shared import Mode, Stage


class Result(StrEnum):
    """How a task ends; the outcome decides it, not the caller (S0.1)."""

    COMPLETED = "completed"
    FAILED = "failed"
    DEFERRED = "deferred"


class Need(StrEnum):
    """One cell of the matrix of ways to end a call (S1.7)."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    FORBIDDEN = "forbidden"


class Anchor(StrEnum):
    """What a moment is counted from."""

    NOW = "now"
    RECEIVED = "received"
    CALLBACK = "callback_at"


class Day(StrEnum):
    """A day of the desk that a moment falls on, by its calendar."""

    NEXT_DAY = "next_day"
    NEXT_WORKDAY = "next_workday"


class Holder(StrEnum):
    """Whose tasks a lane shows."""

    NOBODY = "nobody"
    ME = "me"
    ANYONE = "anyone"


class Trigger(StrEnum):
    """What may start rules of a playbook, besides outcomes and its own timers."""

    LEAD_RECEIVED = "lead_received"
    LEAD_UPDATED = "lead_updated"
    ORDER_CHANGED = "order_changed"
    STATUS_CHANGED = "status_changed"
    STATUS_REFUSED = "status_refused"
    WORK_WAITING = "work_waiting"
    TASK_ASSIGNED = "task_assigned"
    TASK_OVERDUE = "task_overdue"
    MESSAGE_SENT = "message_sent"
    MESSAGE_DELIVERED = "message_delivered"
    MESSAGE_READ = "message_read"
    MESSAGE_FAILED = "message_failed"


class Phase(StrEnum):
    """Whether a rule is for processes under way, for ended ones, or for both."""

    LIVE = "live"
    ENDED = "ended"
    ANY = "any"

    @property
    def covers(self) -> "frozenset[Phase]":
        """Return the phases that a process may really be in."""
        return frozenset({Phase.LIVE, Phase.ENDED} if self is Phase.ANY else {self})


@dataclass(frozen=True, slots=True)
class Title:
    """A text that people read, in both languages."""

    ru: str
    en: str

    def of(self, language: str) -> str:
        """Return the text in `language`; Russian unless English is asked for."""
        return self.en if language == "en" else self.ru


@dataclass(frozen=True, slots=True)
class Moment:
    """A time to come: `after` an anchor (clock or working hours), or `at` a time of a later day.

    `not_after` is a local time of the customer's day that the result never passes (S1.8).
    """

    anchor: Anchor = Anchor.NOW
    after: timedelta = timedelta(0)
    working: bool = False
    day: Day | None = None
    at: time | None = None
    not_after: time | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a task is due, and from when it may be given to anybody (S4.4); no offer = at once."""

    due: Moment
    offer: Moment | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold for a rule to run: every field that is set, any of its values."""

    signals: tuple[str, ...] = ()
    order_status: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    owned: bool | None = None
    received_between: tuple[time, time] | None = None


@dataclass(frozen=True, slots=True)
class Open:
    """Open a task."""

    type: str
    schedule: Schedule | None = None
    lane: str | None = None
    important: bool | None = None


@dataclass(frozen=True, slots=True)
class Close:
    """Close open tasks by rule; no types = all. `reason` becomes the comment (S0.2)."""

    types: tuple[str, ...]
    result: Result
    reason: Title


@dataclass(frozen=True, slots=True)
class Defer:
    """Close the task in hand and open its twin at another time (S2.8, S3.5)."""

    schedule: Schedule
    to: str | None = None
    lane: str | None = None
    important: bool | None = None


@dataclass(frozen=True, slots=True)
class RetryAttempt:
    """Count an unsuccessful attempt by a policy: defer the task, or fail it when exhausted (S0.5)."""

    policy: str


@dataclass(frozen=True, slots=True)
class Status:
    """Ask for a status of the lead."""

    code: str
    reason: Title | None = None


@dataclass(frozen=True, slots=True)
class SendMessage:
    """Request a message to the customer."""

    message: str


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Start a timer, or start it anew."""

    timer: str


@dataclass(frozen=True, slots=True)
class StopTimer:
    """Cancel a timer; nothing when it does not run."""

    timer: str


@dataclass(frozen=True, slots=True)
class ChangeOwner:
    """Make whoever acts responsible for the lead, or nobody."""

    actor: bool


@dataclass(frozen=True, slots=True)
class Note:
    """Write a line into the timeline."""

    text: Title


@dataclass(frozen=True, slots=True)
class End:
    """The process is over: nothing needs to be open any more, and what still is closes by rule."""

    result: Result = Result.FAILED
    reason: Title = Title("Процесс завершён", "The process has ended")


@dataclass(frozen=True, slots=True)
class Choose:
    """The first rule that holds."""

    rules: "tuple[Rule, ...]"


Step: TypeAlias = (
    Open
    | Close
    | Defer
    | RetryAttempt
    | Status
    | SendMessage
    | StartTimer
    | StopTimer
    | ChangeOwner
    | Note
    | End
    | Choose
)
Steps: TypeAlias = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """Steps under a condition, for processes in `phase`; `otherwise` ends the walk when it does not hold."""

    name: str
    when: Condition | None
    then: Steps
    otherwise: Steps | None = None
    phase: Phase = Phase.LIVE

    @property
    def is_final(self) -> bool:
        """Return whether no rule behind this one is looked at."""
        return self.when is None or self.otherwise is not None


@dataclass(frozen=True, slots=True)
class StatusSpec:
    """A status of the desk's own and the stage behind it."""

    code: str
    title: Title
    stage: Stage


@dataclass(frozen=True, slots=True)
class Requires:
    """A row of the matrix (S1.7); the comment is always required (S0.2)."""

    call_made: Need = Need.OPTIONAL
    callback_at: Need = Need.FORBIDDEN
    problem: Need = Need.FORBIDDEN
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """One way to end a task."""

    code: str
    title: Title
    result: Result
    requires: Requires
    then: Steps


@dataclass(frozen=True, slots=True)
class TaskType:
    """A kind of task: whom it is for, when, how it ends (S3.1)."""

    code: str
    title: Title
    role: str
    pool: str
    mode: Mode
    lane: str
    rank: int
    important: bool
    prefer_owner: bool
    schedule: Schedule
    on_take: Steps
    outcomes: Mapping[str, Outcome]


@dataclass(frozen=True, slots=True)
class AttemptPolicy:
    """How often, when and in which lane to try again; the last delay repeats. No limit = for ever (S1.8)."""

    code: str
    limit: int | None
    lane: str | None
    delays: tuple[Schedule, ...]
    each: Steps
    exhausted: Steps


@dataclass(frozen=True, slots=True)
class MessageSpec:
    """A message by an approved template; past the deadline it is worthless."""

    code: str
    template: str
    channels: tuple[str, ...]
    deadline: timedelta | None
    once: bool


@dataclass(frozen=True, slots=True)
class TimerSpec:
    """A timer of the playbook and what it starts."""

    code: str
    at: Moment
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Lane:
    """A queue (S1.1, S4.5): whose tasks, of which age and attempts, in which order and priority.

    `of` names the lanes that tasks carry (none: its own code, or any for one's own tasks). `window` is the age of
    the lead, `days` its age in days of the desk's zone, `attempts` how many were in vain. A lane that `interrupts`
    goes before all others when `next` has not given an operator anything of it for that long. `dialled` false =
    never given by `next`.
    """

    code: str
    title: Title
    priority: int
    holder: Holder
    of: tuple[str, ...] = ()
    newest_first: bool = False
    window: tuple[timedelta, timedelta] | None = None
    attempts: tuple[int, int] | None = None
    days: tuple[int, int] | None = None
    interrupts: timedelta | None = None
    dialled: bool = True

    @property
    def draws(self) -> tuple[str, ...]:
        """Return the lanes that tasks carry which this one draws from; none = any."""
        if self.of:
            return self.of
        return () if self.holder is Holder.ME else (self.code,)


@dataclass(frozen=True, slots=True)
class Playbook:
    """One version of a desk's process. `fallback` is opened when rules would leave nothing open (S2.6)."""

    code: str
    title: Title
    statuses: Mapping[str, StatusSpec]
    problems: Mapping[str, Title]
    task_types: Mapping[str, TaskType]
    attempts: Mapping[str, AttemptPolicy]
    messages: Mapping[str, MessageSpec]
    timers: Mapping[str, TimerSpec]
    triggers: Mapping[Trigger, tuple[Rule, ...]]
    lanes: Mapping[str, Lane]
    fallback: str
    lines: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, order=True)
class PlaybookFault:
    """One thing wrong in a playbook; `line` counts from 1, `path` is a JSON pointer."""

    line: int
    path: str
    code: str
    detail: str
