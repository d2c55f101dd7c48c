"""A compiled playbook: frozen data that the engine reads (P.4). Rules of desks are data, never code."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from enum import StrEnum
from typing import TypeAlias

from libs.common.contracts.shared import Mode, Stage


class Result(StrEnum):
    """The result of a task; the outcome determines it (S0.1)."""

    COMPLETED = "completed"
    FAILED = "failed"
    DEFERRED = "deferred"


class Need(StrEnum):
    """Whether an outcome requires a field, allows it or forbids it (S1.7)."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    FORBIDDEN = "forbidden"


class Anchor(StrEnum):
    """The start of a moment."""

    NOW = "now"
    RECEIVED = "received"
    CALLBACK = "callback_at"


class Day(StrEnum):
    """The day of a moment by the desk's calendar."""

    NEXT_DAY = "next_day"
    NEXT_WORKDAY = "next_workday"


class Holder(StrEnum):
    """Which tasks a lane shows: unassigned ones, the caller's, or all."""

    NOBODY = "nobody"
    ME = "me"
    ANYONE = "anyone"


class Trigger(StrEnum):
    """The events that start rules of a playbook, besides outcomes and its timers."""

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
    """Whether a rule applies to live processes, to ended ones, or to both."""

    LIVE = "live"
    ENDED = "ended"
    ANY = "any"

    @property
    def covers(self) -> "frozenset[Phase]":
        """The phases of a process to which this one applies."""
        return frozenset({Phase.LIVE, Phase.ENDED} if self is Phase.ANY else {self})


@dataclass(frozen=True, slots=True)
class Title:
    """A text in both languages."""

    ru: str
    en: str

    def of(self, language: str) -> str:
        """Return the English text for `en`, else the Russian one."""
        return self.en if language == "en" else self.ru


@dataclass(frozen=True, slots=True)
class Moment:
    """A future time: `after` an anchor in clock or working hours, or `at` a time of a later day.

    `not_after` is the latest time of the customer's local day (S1.8).
    """

    anchor: Anchor = Anchor.NOW
    after: timedelta = timedelta(0)
    working: bool = False
    day: Day | None = None
    at: time | None = None
    not_after: time | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a task is due, and from when it may be offered (S4.4); no offer = at once."""

    due: Moment
    offer: Moment | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """The condition of a rule: every field that is set must match one of its values."""

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
    """Close the current task and open its successor at another time (S2.8, S3.5)."""

    schedule: Schedule
    to: str | None = None
    lane: str | None = None
    important: bool | None = None


@dataclass(frozen=True, slots=True)
class RetryAttempt:
    """Count an unsuccessful attempt: defer the task, or fail it when the policy is exhausted (S0.5)."""

    policy: str


@dataclass(frozen=True, slots=True)
class Status:
    """Request a status of the lead."""

    code: str
    reason: Title | None = None


@dataclass(frozen=True, slots=True)
class SendMessage:
    """Request a message to the customer."""

    message: str


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Start or restart a timer."""

    timer: str


@dataclass(frozen=True, slots=True)
class StopTimer:
    """Cancel a timer if it runs."""

    timer: str


@dataclass(frozen=True, slots=True)
class Offer:
    """Let tasks of a type that wait for their time be given out at once; nothing when none waits (S4.4)."""

    type: str


@dataclass(frozen=True, slots=True)
class ChangeOwner:
    """Make the acting operator the lead's owner, or remove the owner."""

    actor: bool


@dataclass(frozen=True, slots=True)
class Note:
    """Add a note to the timeline."""

    text: Title


@dataclass(frozen=True, slots=True)
class End:
    """End the process; its open tasks are closed by rule."""

    result: Result = Result.FAILED
    reason: Title = Title("Процесс завершён", "The process has ended")


@dataclass(frozen=True, slots=True)
class Choose:
    """Run the first rule whose condition holds."""

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
    | Offer
    | ChangeOwner
    | Note
    | End
    | Choose
)
Steps: TypeAlias = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """Steps under a condition, for processes in `phase`. `otherwise` runs if the condition fails."""

    name: str
    when: Condition | None
    then: Steps
    otherwise: Steps | None = None
    phase: Phase = Phase.LIVE

    @property
    def is_final(self) -> bool:
        """Whether the rules after this one are never tried."""
        return self.when is None or self.otherwise is not None


@dataclass(frozen=True, slots=True)
class StatusSpec:
    """A status of the desk and its stage."""

    code: str
    title: Title
    stage: Stage


@dataclass(frozen=True, slots=True)
class Requires:
    """The fields that an outcome requires (S1.7); the comment is always required (S0.2)."""

    call_made: Need = Need.OPTIONAL
    callback_at: Need = Need.FORBIDDEN
    problem: Need = Need.FORBIDDEN
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """A possible outcome of a task."""

    code: str
    title: Title
    result: Result
    requires: Requires
    then: Steps


@dataclass(frozen=True, slots=True)
class TaskType:
    """A type of task: its role and pool, schedule and outcomes (S3.1)."""

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
    """When, how often and in which lane to retry; the last delay repeats. No limit = without end (S1.8)."""

    code: str
    limit: int | None
    lane: str | None
    delays: tuple[Schedule, ...]
    each: Steps
    exhausted: Steps


@dataclass(frozen=True, slots=True)
class MessageSpec:
    """A message by an approved template; it is not sent after its deadline."""

    code: str
    template: str
    channels: tuple[str, ...]
    deadline: timedelta | None
    once: bool


@dataclass(frozen=True, slots=True)
class TimerSpec:
    """A timer of the playbook and its rules."""

    code: str
    at: Moment
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Lane:
    """A queue (S1.1, S4.5): a filter of tasks, their order, and the queue's priority.

    `of` names the lanes of tasks that it shows (none: its own code; for holder `me` any lane). `window` limits the
    lead's age, `days` its age in days of the desk's zone, `attempts` the number of unsuccessful attempts.
    `interrupts`: the lane precedes all others if `next` gave the operator no task of it for that long. `dialled`
    false: `next` skips it.
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
        """The lanes of the tasks that it shows; none = any."""
        if self.of:
            return self.of
        return () if self.holder is Holder.ME else (self.code,)


@dataclass(frozen=True, slots=True)
class Playbook:
    """One version of a desk's process. `fallback` is the task opened when rules leave none open (S2.6)."""

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
    """A fault of a playbook; `line` counts from 1, `path` is a JSON pointer."""

    line: int
    path: str
    code: str
    detail: str
