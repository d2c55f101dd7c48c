"""The state of a process: facts of its subject, open tasks, timers, counters."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from enum import StrEnum
from hashlib import blake2b
from typing import NewType, Self, TypeAlias
from uuid import UUID

from libs.common.contracts.shared import Mode, Stage
from libs.common.domain.workdays import NO_HOLIDAYS, Holidays
from services.tasks.engine.facts import UNKNOWN, Customer, Document, Facts, Partner
from services.tasks.engine.prices import Rate
from services.tasks.playbooks.fields import FieldValue
from services.tasks.playbooks.model import TaskType

ProcessId = NewType("ProcessId", UUID)
TaskId = NewType("TaskId", UUID)
OperatorId = NewType("OperatorId", UUID)

SYSTEM = "system"


class TaskState(StrEnum):
    """The states of a task (S0.1); deferred = closed with a successor."""

    ACTIVE = "active"
    DEFERRED = "deferred"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Hours:
    """Working hours of one weekday (ISO 1–7), in the desk's zone."""

    weekday: int
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class Desk:
    """The desk of a process; no hours = open round the clock, on holidays too."""

    code: str
    title_ru: str
    title_en: str
    zone: str
    languages: tuple[str, ...]
    hours: tuple[Hours, ...] = ()
    holidays: Holidays = NO_HOLIDAYS


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator: id and name."""

    id: OperatorId
    name: str


@dataclass(frozen=True, slots=True)
class Colleague:
    """An active operator as they are now: on shift or not, how they are reached, and until when who deputises.

    `roles` and `desks`: what tasks they may have.
    """

    operator: Operator
    on_shift: bool
    contact: Customer = UNKNOWN
    absent_until: datetime | None = None
    deputy_id: UUID | None = None
    roles: frozenset[str] = frozenset()
    desks: frozenset[str] = frozenset()

    def may_have(self, desk: str, role: str) -> bool:
        """Return whether a task of a desk and role may be given to them by name."""
        return desk in self.desks and role in self.roles


class Absence(StrEnum):
    """Why an operator is not there."""

    INACTIVE = "inactive"
    ABSENT = "absent"
    OFF_SHIFT = "off_shift"
    AWAY = "away"


class MoveReason(StrEnum):
    """Why an open task changes hands; events and the timeline have these codes."""

    INACTIVE = "inactive"
    ABSENT = "absent"
    OFF_SHIFT = "off_shift"
    AWAY = "away"
    GIVEN_BACK = "given_back"
    TAKEN_AWAY = "taken_away"
    ASSIGNED = "assigned"
    REDIRECTED = "redirected"
    LENT = "lent"
    HANDED_BACK = "handed_back"
    LOAN_OVER = "loan_over"
    LENDER_GONE = "lender_gone"
    RESERVATION_LAPSED = "reservation_lapsed"
    REDISTRIBUTED = "redistributed"
    UNDONE = "undone"
    HANDED_OVER = "handed_over"
    BACK = "back"


@dataclass(frozen=True, slots=True)
class Closing:
    """The end of a task: actor, result, comment (S0.1, S0.2)."""

    result: TaskState
    outcome: str | None
    comment: str
    actor: str
    rule: str
    at: datetime
    call_made: bool | None = None
    problem: str | None = None
    callback_at: datetime | None = None
    successor_id: TaskId | None = None
    fields: Mapping[str, FieldValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Brief:
    """What a task that a person made by hand says (S3.14). `author` is who made it, `document` a reference.

    `personal`: it is for one person, and stays with the owner of its process when it is deferred.
    """

    title: str
    author: str
    text: str | None = None
    document: str | None = None
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """A task. `due_at` never changes (S2.8); `version` rises when the operator changes and when the task ends.

    `avoid_id` gave it back, and is not asked again; `among`: only these are asked. `lender_id` gets it back at
    `lent_until`. It goes back to its lane at `reserved_until` unless its operator has been in contact by then:
    `contacted_at` is the first contact of all, `contacted_id` who was in contact last. `original_id`: whose it was
    before a stand-in got it, because they were absent.
    """

    id: TaskId
    type: str
    role: str
    pool: str
    mode: Mode
    lane: str
    rank: int
    important: bool
    attempt: int
    opened_at: datetime
    due_at: datetime
    offer_from: datetime
    rule: str
    version: int = 1
    state: TaskState = TaskState.ACTIVE
    offered_at: datetime | None = None
    waiting: bool = False
    operator_id: OperatorId | None = None
    decision_id: UUID | None = None
    assigned_at: datetime | None = None
    taken_at: datetime | None = None
    overdue: bool = False
    brief: Brief | None = None
    closing: Closing | None = None
    held_since: datetime | None = None
    avoid_id: OperatorId | None = None
    among: tuple[OperatorId, ...] = ()
    lender_id: OperatorId | None = None
    lent_until: datetime | None = None
    reserved_until: datetime | None = None
    contacted_at: datetime | None = None
    contacted_id: OperatorId | None = None
    original_id: OperatorId | None = None

    @property
    def stood_in_for(self) -> OperatorId | None:
        """For whom its operator stands in: who was absent, or has lent it; None = it is their own."""
        whose = self.original_id or self.lender_id
        return None if self.operator_id in (None, whose) else whose


class TimerKind(StrEnum):
    """The purpose of a timer; those of kind `offer` say by their name what is due for their task."""

    OFFER = "offer"
    DUE = "due"
    PLAYBOOK = "playbook"


@dataclass(frozen=True, slots=True)
class Timer:
    """A due time of a process, with a name unique in it. `set_aside`: it failed, and waits for another release."""

    name: str
    kind: TimerKind
    at: datetime
    task_id: TaskId | None = None
    set_aside: bool = False


@dataclass(frozen=True, slots=True)
class Halted:
    """What a merge has ended of a process: the tasks that it closed and the timers that it stopped."""

    process_id: ProcessId
    closed: tuple[TaskId, ...] = ()
    timers: tuple[Timer, ...] = ()


Staff: TypeAlias = Mapping[UUID, Colleague]


@dataclass(slots=True)
class State:
    """A process on its pinned playbook version. `tasks` are the open ones, and those that this batch closed.

    `partner`: the card of the subject's partner, as it is now; `staff`: the active operators by id, None where
    the playbook does not ask for any; `rates`: those of today by currency, likewise. Like the desk they are no part
    of the stored process.

    `main`: the process with which a lead began; it alone decides who owns the lead.
    `charges` are the codes of those that were raised, `documents` those linked to the subject.
    Only a decision changes a state, and only its own copy; the values in it are frozen.
    """

    id: ProcessId
    desk: Desk
    playbook: str
    playbook_version: int
    facts: Facts
    main: bool = True
    started_at: datetime | None = None
    ended_at: datetime | None = None
    status: str | None = None
    stage: Stage | None = None
    owner: Operator | None = None
    opened: int = 0
    breaches: int = 0
    owner_version: int = 0
    tasks: tuple[Task, ...] = ()
    timers: tuple[Timer, ...] = ()
    attempts: Mapping[str, int] = field(default_factory=dict)
    messages: Mapping[str, int] = field(default_factory=dict)
    fields: Mapping[str, FieldValue] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    charges: tuple[str, ...] = ()
    documents: tuple[Document, ...] = ()
    partner: Partner | None = None
    staff: Staff | None = None
    rates: Mapping[str, Rate] = field(default_factory=dict)

    def copy(self) -> Self:
        """Return a copy that can be changed independently."""
        other = object.__new__(type(self))
        for name in State.__slots__:
            setattr(other, name, getattr(self, name))
        return other

    @property
    def live(self) -> bool:
        """Whether the process has started and not ended."""
        return self.started_at is not None and self.ended_at is None

    @property
    def open_tasks(self) -> tuple[Task, ...]:
        """The active tasks, oldest first."""
        return tuple(task for task in self.tasks if task.state is TaskState.ACTIVE)

    def open_task(self, task_id: UUID) -> Task | None:
        """Return an active task by its id."""
        return next((t for t in self.tasks if t.id == task_id and t.state is TaskState.ACTIVE), None)

    def timer(self, name: str) -> Timer | None:
        """Return a pending timer by its name."""
        return next((timer for timer in self.timers if timer.name == name), None)


def task_id_of(state: State, now: datetime) -> TaskId:
    """Return the id of the next task: a UUIDv7 of `now` and the process, so that rules need no randomness."""
    seed = blake2b(state.id.bytes + state.opened.to_bytes(8, "big"), digest_size=10).digest()
    milliseconds = int(now.timestamp() * 1000) & (1 << 48) - 1
    value = milliseconds << 80 | int.from_bytes(seed, "big")
    value = value & ~(0xF << 76) | 7 << 76
    return TaskId(UUID(int=value & ~(0x3 << 62) | 2 << 62))


def new_task(
    state: State, kind: TaskType, now: datetime, *, due_at: datetime, offer_from: datetime, rule: str
) -> Task:
    """Return a new task of a type."""
    return Task(
        id=task_id_of(state, now),
        type=kind.code,
        role=kind.role,
        pool=kind.pool,
        mode=kind.mode,
        lane=kind.lane,
        rank=kind.rank,
        important=kind.important,
        attempt=1,
        opened_at=now,
        due_at=due_at,
        offer_from=min(offer_from, due_at),
        rule=rule,
    )
