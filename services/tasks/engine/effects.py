"""What a decision does: data that the writer turns into rows and events. `rule` names what decided it (P.3)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

from libs.common.contracts.shared import Stage
from services.tasks.engine.state import Closing, Facts, Operator, Task, TaskId, Timer
from services.tasks.playbooks.model import MessageSpec, Title


@dataclass(frozen=True, slots=True)
class Start:
    """The process begins."""

    rule: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Learn:
    """The facts of the lead are these now."""

    rule: str
    facts: Facts


@dataclass(frozen=True, slots=True)
class OpenTask:
    """A task exists."""

    rule: str
    task: Task


@dataclass(frozen=True, slots=True)
class AssignTask:
    """A proposal is accepted: the operator has the task."""

    rule: str
    task_id: TaskId
    operator: Operator
    decision_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class TakeTask:
    """An operator claimed a task; `pulled` false = it was theirs already and they begin it."""

    rule: str
    task_id: TaskId
    operator: Operator
    at: datetime
    pulled: bool


@dataclass(frozen=True, slots=True)
class CloseTask:
    """A task ended."""

    rule: str
    task_id: TaskId
    closing: Closing


@dataclass(frozen=True, slots=True)
class DeferTask:
    """A task is closed and its successor opened (S2.8)."""

    rule: str
    task_id: TaskId
    closing: Closing
    successor: Task


@dataclass(frozen=True, slots=True)
class MarkOverdue:
    """A task passed its due time; once per task."""

    rule: str
    task_id: TaskId


@dataclass(frozen=True, slots=True)
class MarkWaiting:
    """Pushed work waits for somebody eligible."""

    rule: str
    task_id: TaskId


@dataclass(frozen=True, slots=True)
class OfferWork:
    """Assignment is asked for an operator."""

    rule: str
    task_id: TaskId
    at: datetime
    prefer: Operator | None


@dataclass(frozen=True, slots=True)
class WithdrawWork:
    """The operator asked for is not needed any more."""

    rule: str
    task_id: TaskId
    reason: str


@dataclass(frozen=True, slots=True)
class DeclineWork:
    """A proposal came too late."""

    rule: str
    task_id: UUID
    decision_id: UUID
    operator: Operator
    reason: str


@dataclass(frozen=True, slots=True)
class SetStatus:
    """Intake is asked for a status of the lead."""

    rule: str
    status: str
    title: Title
    stage: Stage
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class FollowStatus:
    """Intake says that the lead's status is this."""

    rule: str
    status: str
    stage: Stage


@dataclass(frozen=True, slots=True)
class SetOwner:
    """Somebody else, or nobody, is responsible for the lead."""

    rule: str
    owner: Operator | None
    previous: Operator | None
    reason: str


@dataclass(frozen=True, slots=True)
class RequestMessage:
    """The customer shall be told something; `number` counts this purpose within the process."""

    rule: str
    spec: MessageSpec
    number: int
    task_id: TaskId | None
    deadline: datetime | None


@dataclass(frozen=True, slots=True)
class SetTimer:
    """A timer runs; one of the same name is replaced."""

    rule: str
    timer: Timer


@dataclass(frozen=True, slots=True)
class CancelTimer:
    """A timer runs no longer: it was dropped, or it has fired."""

    rule: str
    name: str


@dataclass(frozen=True, slots=True)
class CountAttempt:
    """One more unsuccessful attempt by a policy."""

    rule: str
    policy: str
    count: int


@dataclass(frozen=True, slots=True)
class EndProcess:
    """The process is over; its timers go."""

    rule: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ReopenProcess:
    """A rule opened something in a process that had ended."""

    rule: str


@dataclass(frozen=True, slots=True)
class Breach:
    """A live process would have had nothing open: S2.6 was about to break, and the fallback task mends it."""

    rule: str


class Noticed(StrEnum):
    """What is worth a line though it changes nothing; the timeline stores these codes."""

    NOTE = "note"
    RECEIVED_AGAIN = "received_again"
    WAITING_FOR_NOTHING = "waiting_for_nothing"
    ALREADY_TAKEN = "already_taken"
    PROCESS_ENDED = "process_ended"
    TASK_CLOSED = "task_closed"
    NOTHING_TO_DEFER = "nothing_to_defer"
    MESSAGE_ALREADY_REQUESTED = "message_already_requested"


@dataclass(frozen=True, slots=True)
class Record:
    """Nothing changes; `code` says what was noticed, `text` what a playbook wants to be read."""

    rule: str
    code: Noticed
    text: Title | None = None


class Refusal(StrEnum):
    """Why a person's request changes nothing."""

    TASK_CLOSED = "task_closed"
    TAKEN_BY_OTHER = "taken_by_other"
    NOT_OFFERED_YET = "not_offered_yet"
    PUSHED_ONLY = "pushed_only"
    NOT_TAKEN = "not_taken"
    OUTCOME_REFUSED = "outcome_refused"


@dataclass(frozen=True, slots=True)
class MatrixFault:
    """One field of an outcome that does not fit its matrix (S1.7)."""

    pointer: str
    code: str
    detail: Title


@dataclass(frozen=True, slots=True)
class Refuse:
    """A person's request is refused; every fault of it is named."""

    rule: str
    refusal: Refusal
    faults: tuple[MatrixFault, ...] = ()


Effect: TypeAlias = (
    Start
    | Learn
    | OpenTask
    | AssignTask
    | TakeTask
    | CloseTask
    | DeferTask
    | MarkOverdue
    | MarkWaiting
    | OfferWork
    | WithdrawWork
    | DeclineWork
    | SetStatus
    | FollowStatus
    | SetOwner
    | RequestMessage
    | SetTimer
    | CancelTimer
    | CountAttempt
    | EndProcess
    | ReopenProcess
    | Breach
    | Record
    | Refuse
)
