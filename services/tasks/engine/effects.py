"""Effects of a decision: data that becomes rows and events. `rule` is the rule that decided (P.3)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

from libs.common.contracts.shared import Stage
from services.tasks.engine.asking import Asked
from services.tasks.engine.facts import Facts
from services.tasks.engine.fields import MatrixFault
from services.tasks.engine.kept import Kept, TakeBack
from services.tasks.engine.state import (
    SYSTEM,
    Closing,
    MoveReason,
    Operator,
    OperatorId,
    Task,
    TaskId,
    Timer,
)
from services.tasks.playbooks.messages import MessageSpec
from services.tasks.playbooks.terms import Title


@dataclass(frozen=True, slots=True)
class Start:
    """The process begins; `status` is the one with which its lead was born."""

    rule: str
    at: datetime
    status: str | None = None
    stage: Stage | None = None


@dataclass(frozen=True, slots=True)
class StartProcess:
    """Another playbook is started on the subject, unless it runs already."""

    rule: str
    playbook: str


@dataclass(frozen=True, slots=True)
class Learn:
    """The facts of the subject have changed."""

    rule: str
    facts: Facts


@dataclass(frozen=True, slots=True)
class OpenTask:
    """A task is opened."""

    rule: str
    task: Task


@dataclass(frozen=True, slots=True)
class AssignTask:
    """A proposal is accepted: the operator has the task, and if `owns` the lead too.

    `original_id`: they deputise for who is absent.
    """

    rule: str
    task_id: TaskId
    operator: Operator
    decision_id: UUID
    at: datetime
    owns: bool = False
    original_id: OperatorId | None = None


@dataclass(frozen=True, slots=True)
class TakeTask:
    """An operator takes a task; `pulled` false = it was assigned to them and they start it."""

    rule: str
    task_id: TaskId
    operator: Operator
    at: datetime
    pulled: bool


class Move(StrEnum):
    """How an open task changes hands, besides being assigned and taken."""

    RELEASED = "released"
    REASSIGNED = "reassigned"
    LENT = "lent"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class MoveTask:
    """An open task changes hands; `operator_id` None = no operator has it now.

    `taken` by the previous operator; `avoid`: not asked again; `until` ends a loan; `among`: only these are asked;
    `lender_id` had lent it; `original_id` is absent, and the new operator stands in.
    """

    rule: str
    task_id: TaskId
    move: Move
    previous_id: OperatorId | None
    operator_id: OperatorId | None
    at: datetime
    actor: str
    reason: MoveReason
    comment: str
    taken: bool = False
    avoid: bool = False
    until: datetime | None = None
    among: tuple[OperatorId, ...] = ()
    lender_id: OperatorId | None = None
    original_id: OperatorId | None = None


@dataclass(frozen=True, slots=True)
class ReserveTask:
    """A task is reserved for its operator until a time, for the first contact (S4.3); None: no longer."""

    rule: str
    task_id: TaskId
    until: datetime | None


@dataclass(frozen=True, slots=True)
class RecordContact:
    """The operator of a task has been in contact with the customer, for the first time (S4.3)."""

    rule: str
    task_id: TaskId
    operator: Operator
    at: datetime


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
    """A task is past its due time; once per task."""

    rule: str
    task_id: TaskId


@dataclass(frozen=True, slots=True)
class RemindOfTask:
    """An open task is due soon; `operator_id` is who is reminded, None = nobody has it and the lead no owner."""

    rule: str
    task_id: TaskId
    operator_id: OperatorId | None


@dataclass(frozen=True, slots=True)
class MarkWaiting:
    """No operator is eligible for a pushed task; it waits."""

    rule: str
    task_id: TaskId


@dataclass(frozen=True, slots=True)
class OfferWork:
    """An operator is requested from assignment; `again`: the same request once more, no answer has come."""

    rule: str
    task_id: TaskId
    at: datetime
    prefer: Operator | None
    again: bool = False


@dataclass(frozen=True, slots=True)
class BringForward:
    """A task that was not to be given out yet may be now."""

    rule: str
    task_id: TaskId
    at: datetime


@dataclass(frozen=True, slots=True)
class WithdrawWork:
    """The request for an operator is withdrawn."""

    rule: str
    task_id: TaskId
    reason: str


@dataclass(frozen=True, slots=True)
class RenewRequest:
    """The request for an operator is to be made anew, under a new version of the task."""

    rule: str
    task_id: TaskId


@dataclass(frozen=True, slots=True)
class OpenToAll:
    """None of those named can have the task now: any operator is asked."""

    rule: str
    task_id: TaskId


@dataclass(frozen=True, slots=True)
class DeclineWork:
    """A late proposal is declined."""

    rule: str
    task_id: UUID
    decision_id: UUID
    operator: Operator
    reason: str


@dataclass(frozen=True, slots=True)
class SetStatus:
    """A status of the lead is requested from intake."""

    rule: str
    status: str
    title: Title
    stage: Stage
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class FollowStatus:
    """Intake has published another status of the lead."""

    rule: str
    status: str
    stage: Stage


@dataclass(frozen=True, slots=True)
class SetOwner:
    """The owner of the lead changes; None = no owner. `said`: the assignment of a task says so already.

    `original_id`: the owner before is absent, and this one stands in.
    """

    rule: str
    owner: Operator | None
    previous: Operator | None
    reason: str
    actor: str = SYSTEM
    comment: str = ""
    said: bool = False
    original_id: OperatorId | None = None


@dataclass(frozen=True, slots=True)
class RequestMessage:
    """A message to the customer is requested; `number` counts its code within the process, `texts` are fields."""

    rule: str
    spec: MessageSpec
    number: int
    task_id: TaskId | None
    deadline: datetime | None
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SetTimer:
    """A timer is set; it replaces one of the same name."""

    rule: str
    timer: Timer


@dataclass(frozen=True, slots=True)
class CancelTimer:
    """A timer is removed: it was cancelled or has fired."""

    rule: str
    name: str


@dataclass(frozen=True, slots=True)
class CountAttempt:
    """An unsuccessful attempt is counted for a policy."""

    rule: str
    policy: str
    count: int


@dataclass(frozen=True, slots=True)
class EndProcess:
    """The process ends; its timers are removed."""

    rule: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ReopenProcess:
    """A rule opens a task in a process that had ended."""

    rule: str


@dataclass(frozen=True, slots=True)
class Breach:
    """Rules left a live process without an open task (S2.6); the fallback task is opened."""

    rule: str


class Noticed(StrEnum):
    """Remarks that change nothing and appear in the timeline, which stores these codes."""

    NOTE = "note"
    RECEIVED_AGAIN = "received_again"
    WAITING_FOR_NOTHING = "waiting_for_nothing"
    ALREADY_TAKEN = "already_taken"
    PROCESS_ENDED = "process_ended"
    TASK_CLOSED = "task_closed"
    NOTHING_TO_DEFER = "nothing_to_defer"
    MESSAGE_ALREADY_REQUESTED = "message_already_requested"
    NOWHERE_TO_WRITE = "nowhere_to_write"
    ALREADY_ASSIGNED = "already_assigned"
    NOTHING_TO_CHANGE = "nothing_to_change"
    CHARGED_ALREADY = "charged_already"
    NOTHING_TO_CHARGE = "nothing_to_charge"


@dataclass(frozen=True, slots=True)
class Record:
    """A remark for the timeline; `text` is the note of a playbook, or what the remark is about. Nothing changes."""

    rule: str
    code: Noticed
    text: Title | None = None


class Refusal(StrEnum):
    """Why an operator's request is refused."""

    TASK_CLOSED = "task_closed"
    TAKEN_BY_OTHER = "taken_by_other"
    NOT_OFFERED_YET = "not_offered_yet"
    PUSHED_ONLY = "pushed_only"
    NOT_TAKEN = "not_taken"
    NOT_HELD = "not_held"
    ALREADY_THEIRS = "already_theirs"
    LEAD_ENDED = "lead_ended"
    NOT_LENT = "not_lent"
    OUTCOME_REFUSED = "outcome_refused"
    WORKED_ON = "worked_on"


@dataclass(frozen=True, slots=True)
class Refuse:
    """An operator's request is refused, with every fault."""

    rule: str
    refusal: Refusal
    faults: tuple[MatrixFault, ...] = ()


Effect: TypeAlias = (
    Start | StartProcess | Learn | EndProcess | ReopenProcess | Breach
    | OpenTask | AssignTask | TakeTask | MoveTask | ReserveTask | RecordContact | CloseTask | DeferTask | TakeBack
    | MarkOverdue | RemindOfTask | MarkWaiting | OfferWork | BringForward | WithdrawWork | RenewRequest | OpenToAll
    | DeclineWork | SetStatus | FollowStatus | SetOwner | RequestMessage | SetTimer | CancelTimer | CountAttempt
    | Record | Refuse | Asked | Kept
)  # fmt: skip
