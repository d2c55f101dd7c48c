"""Events of the engine; use cases convert published events into these."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from libs.common.contracts.shared import ChangeTarget, ContactKind, Direction, MessageProgress, Stage
from services.tasks.engine.deeds import Deed
from services.tasks.engine.facts import SILENCE, Access, Appointment, Customer, Order, Paid, Refund, Spoken
from services.tasks.engine.state import Absence, Brief, Halted, MoveReason, Operator, OperatorId, Timer
from services.tasks.playbooks.terms import Trigger


@dataclass(frozen=True, slots=True)
class LeadReceived:
    """The lead was received; the state already has its facts. `status`: the one with which it was born."""

    status: str | None = None
    stage: Stage | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """Another playbook or an event of the subject starts the process; the state already has its facts."""


@dataclass(frozen=True, slots=True)
class Made:
    """A person makes a free task (S3.14), for `operator` or for those of a role in a pool.

    `original_id`: whom it is for, who is absent; who has it stands in. `offer_from`: it waits for them until then.
    """

    brief: Brief
    due_at: datetime
    important: bool
    role: str
    pool: str
    operator: Operator | None
    original_id: OperatorId | None = None
    offer_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """Something happened to another subject, for which the playbook listens, or the customer was written to.

    `operator` wrote, of whichever of the customer's leads.
    """

    trigger: Trigger
    order_status: str | None = None
    contact: ContactKind | None = None
    source: str | None = None
    spoken: Spoken = SILENCE
    direction: Direction | None = None
    at: datetime | None = None
    operator: Operator | None = None


@dataclass(frozen=True, slots=True)
class ContactRecorded:
    """A call or a message was recorded, at its own time `at`; `operator` spoke or wrote (None: nobody known).

    `contact_id`: what is known of one contact may be said more than once.
    """

    at: datetime | None = None
    operator: Operator | None = None
    kind: ContactKind | None = None
    source: str | None = None
    spoken: Spoken = SILENCE
    direction: Direction | None = None
    contact_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class CustomerChanged:
    """The customer's own data changed."""

    customer: Customer


@dataclass(frozen=True, slots=True)
class LeadUpdated:
    """The customer's details were corrected; `signals` are those that the lead has by now, None: not said.

    `whole`: the customer has no other identities than these; else those that are known stay.
    """

    customer: Customer
    language: str
    zone: str
    signals: tuple[str, ...] | None = None
    whole: bool = False
    zone_source: str | None = None


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """An order of the lead changed (S4.1); what `order` leaves out stays as it was.

    `held_until`: until when its price is held.
    """

    order: Order
    external_id: str | None = None
    held_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """Intake applied a status; `by_us` = this process requested it."""

    status: str
    stage: Stage
    by_us: bool


@dataclass(frozen=True, slots=True)
class StatusRefused:
    """Intake refused a status that this process requested."""

    status: str
    current: str
    code: str


@dataclass(frozen=True, slots=True)
class Proposed:
    """Assignment proposes an operator for a version of a task; `absence`: the operator has gone since.

    `deputises_for`: the lead's owner, who is absent and has named the operator.
    """

    task_id: UUID
    version: int
    operator: Operator
    decision_id: UUID
    absence: Absence | None = None
    deputises_for: OperatorId | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """No operator is eligible for a pushed task now."""

    task_id: UUID


@dataclass(frozen=True, slots=True)
class Taken:
    """An operator claims a task."""

    task_id: UUID
    operator: Operator


@dataclass(frozen=True, slots=True)
class Released:
    """A task is taken from its operator, or given back by them; `holder`: only if this operator has it.

    `untaken`: only if they have not taken it. `gone` are operators who are not there: no task goes back to them.
    """

    task_id: UUID
    reason: MoveReason
    actor: str
    comment: str = ""
    holder: OperatorId | None = None
    untaken: bool = False
    gone: frozenset[OperatorId] = frozenset()


@dataclass(frozen=True, slots=True)
class Reassigned:
    """A task is given to an operator by name; `holder`: only if this operator has it."""

    task_id: UUID
    to: Operator
    actor: str
    reason: MoveReason
    comment: str = ""
    holder: OperatorId | None = None


@dataclass(frozen=True, slots=True)
class Lent:
    """A task is lent to another operator until a time; `holder`: only if this operator has it."""

    task_id: UUID
    to: Operator
    until: datetime
    actor: str
    comment: str = ""
    holder: OperatorId | None = None


@dataclass(frozen=True, slots=True)
class Returned:
    """A lent task is handed back before its time; `by`: only if this operator has it or has lent it."""

    task_id: UUID
    actor: str
    comment: str = ""
    by: OperatorId | None = None
    gone: frozenset[OperatorId] = frozenset()


@dataclass(frozen=True, slots=True)
class LeadGiven:
    """The lead gets another owner, with its tasks that no operator has taken and that the owner's `roles` allow."""

    to: Operator
    roles: frozenset[str]
    actor: str
    reason: MoveReason
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Redistributed:
    """A lead changes hands among others (S2.2): its owner, if `moves_owner`, and a task, if one is named.

    The task goes to `to`, or to its lane (None). `ask`: pushed work goes by way of assignment, as capacity allows.
    `absent`: whose it was and who is to come back: the new operators stand in.
    """

    moves_owner: bool
    owner: Operator | None
    task_id: UUID | None
    to: Operator | None
    ask: bool
    actor: str
    reason: MoveReason
    comment: str = ""
    absent: OperatorId | None = None


@dataclass(frozen=True, slots=True)
class OutcomeGiven:
    """A task is ended with an outcome. `operator` None = a supervisor who is not an operator.

    `people`: those whom its fields name and to whom a task may be given, by id.
    """

    task_id: UUID
    outcome: str
    comment: str
    actor: str
    operator: Operator | None
    supervisor: bool
    call_made: bool | None = None
    callback_at: datetime | None = None
    problem: str | None = None
    fields: Mapping[str, object] = field(default_factory=dict)
    people: Mapping[str, Operator] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TakenBack:
    """An outcome is taken back; `deed` is what it did. Its task gets another one, or a successor (`reopens` false).

    `sent`: the purposes of its messages that have left already. `present`: the operators of the tasks that it ended
    who are there.
    """

    deed: Deed
    actor: str
    reason: str
    sent: frozenset[str] = frozenset()
    present: Mapping[OperatorId, Operator] = field(default_factory=dict)
    reopens: bool = True


@dataclass(frozen=True, slots=True)
class MergedAway:
    """The subject is another one by now, which alone is worked; or the person is `erased`, and nothing is."""

    erased: bool = False


@dataclass(frozen=True, slots=True)
class Parted:
    """The subject stands by itself again: what the merge has `halted` goes on.

    `present`: the operators of the tasks that it closed who are there.
    """

    halted: Halted
    present: Mapping[OperatorId, Operator] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A timer is due; `gone` are operators who are not there: no task goes back to them."""

    timer: Timer
    gone: frozenset[OperatorId] = frozenset()


@dataclass(frozen=True, slots=True)
class MessageMoved:
    """The state of a message of this process changed, or (`written`) of one that a person wrote to the customer."""

    step: MessageProgress
    purpose: str
    written: bool = False


@dataclass(frozen=True, slots=True)
class AppointmentChanged:
    """An appointment of the lead was planned, moved, cancelled, kept or missed."""

    appointment: Appointment


@dataclass(frozen=True, slots=True)
class PaymentRecorded:
    """A payment of the lead was recorded or deleted."""

    payment: Paid


@dataclass(frozen=True, slots=True)
class RefundChanged:
    """A refund of the lead went one step on."""

    refund: Refund


@dataclass(frozen=True, slots=True)
class AccessChanged:
    """Something is to be done to the lead's access, or is done."""

    access: Access


@dataclass(frozen=True, slots=True)
class ChangeRefused:
    """Intake refused a change that this process asked for."""

    target: ChangeTarget


@dataclass(frozen=True, slots=True)
class PartnerChanged:
    """The card of the partner whose process it is has changed."""

    partner: Customer
    language: str
    zone: str


@dataclass(frozen=True, slots=True)
class ShiftStarted:
    """The operator whose process it is has checked in."""


Event: TypeAlias = (
    LeadReceived
    | Started
    | Made
    | Heard
    | ContactRecorded
    | CustomerChanged
    | LeadUpdated
    | OrderChanged
    | StatusChanged
    | StatusRefused
    | Proposed
    | Waiting
    | Taken
    | Released
    | Reassigned
    | Lent
    | Returned
    | LeadGiven
    | Redistributed
    | OutcomeGiven
    | TakenBack
    | MergedAway
    | Parted
    | TimerFired
    | MessageMoved
    | AppointmentChanged
    | PaymentRecorded
    | RefundChanged
    | AccessChanged
    | ChangeRefused
    | PartnerChanged
    | ShiftStarted
)
