"""Events that tasks owns: tasks, work, owners, and what it wants of others; those of desks stand in `desks`.

The key is that of the subject: `lead:<id>`, `customer:<id>`, `partner:<id>` or `staff:<id>`. `lead_id` is None when
the subject is no lead.
"""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from libs.common.contracts.envelope import EventData
from libs.common.contracts.shared import ChangeTarget, Customer, Language, Mode, Stage, Text, ZoneSource
from libs.common.contracts.topics import Topic

OWNER = "tasks"


class TasksEvent(EventData):
    """An event of tasks' topic."""

    owner: ClassVar[str] = OWNER
    topic: ClassVar[Topic] = Topic.TASKS


class TaskOpened(TasksEvent):
    """A task was opened. `offer_from` is the earliest time to offer it to an operator (S4.4).

    A step of the timeline alone: no service reads it, so that it is published no more.
    """

    event_type: ClassVar[str] = "dozvon.task.opened.v1"

    task_id: UUID
    lead_id: UUID | None = None
    customer_id: UUID | None = None
    process_id: UUID
    task_type: str
    title: Text
    role: str
    pool: str
    mode: Mode
    lane: str
    rank: int
    attempt: int
    important: bool
    due_at: datetime
    offer_from: datetime
    playbook: str
    playbook_version: int


class TaskHanded(TasksEvent):
    """Shared by events of an operator and their task: its customer, and the zone of their clock.

    None: it is about no customer.
    """

    person: Customer | None = None
    zone: str | None = None


class TaskAssigned(TaskHanded):
    """The arbiter accepted a proposal of assignment: the operator owns the task from now on.

    `owns_lead`: they own the lead too, if they did not before; then no `lead.owner_changed` is published.
    """

    event_type: ClassVar[str] = "dozvon.task.assigned.v1"

    task_id: UUID
    lead_id: UUID | None = None
    customer_id: UUID | None = None
    task_type: str
    title: Text
    due_at: datetime
    operator_id: UUID
    decision_id: UUID
    order_number: str | None = None
    owns_lead: bool = False


class TaskTaken(TaskHanded):
    """An operator claimed a task by `take` or `next`."""

    event_type: ClassVar[str] = "dozvon.task.taken.v1"

    task_id: UUID
    lead_id: UUID | None = None
    customer_id: UUID | None = None
    task_type: str
    title: Text
    due_at: datetime
    pool: str
    operator_id: UUID
    pulled: bool = True  # false: it was assigned to them, and they begin


class TaskEnded(TasksEvent):
    """Shared by the three ends of a task. `actor` is an operator's id or `system`; the comment is not published.

    `title` and `was_due_at` are the task's own; None: of a release that did not say them. `call_made`: its outcome
    says that there was a call.
    """

    task_id: UUID
    lead_id: UUID | None = None
    customer_id: UUID | None = None
    task_type: str
    pool: str
    operator_id: UUID | None
    outcome: str | None
    actor: str
    rule: str | None = None
    title: Text | None = None
    was_due_at: datetime | None = None
    order_number: str | None = None
    call_made: bool | None = None


class TaskCompleted(TaskEnded):
    """A task ended with a positive result (S0.1)."""

    event_type: ClassVar[str] = "dozvon.task.completed.v1"


class TaskFailed(TaskEnded):
    """A task ended with a negative result (S0.1)."""

    event_type: ClassVar[str] = "dozvon.task.failed.v1"


class TaskDeferred(TaskEnded):
    """A task was closed and its successor opened at another time (S2.8)."""

    event_type: ClassVar[str] = "dozvon.task.deferred.v1"

    successor_id: UUID
    due_at: datetime


class TaskOverdue(TaskHanded):
    """A task passed its due time unfinished; said once per task (S2.6). `title` None: of a release without it."""

    event_type: ClassVar[str] = "dozvon.task.overdue.v1"

    task_id: UUID
    lead_id: UUID | None = None
    customer_id: UUID | None = None
    task_type: str
    due_at: datetime
    operator_id: UUID | None
    title: Text | None = None
    order_number: str | None = None


class WorkRequested(TasksEvent):
    """Pushed work asks for an operator. `task_version` fences the answer.

    `avoid_operator_id` gave the task back and is not to get it again. `among_operator_ids`: only one of these.
    """

    event_type: ClassVar[str] = "dozvon.work.requested.v1"

    task_id: UUID
    lead_id: UUID | None = None
    customer_id: UUID | None = None
    task_version: int
    pool: str
    role: str
    products: tuple[str, ...] = ()
    due_at: datetime
    requested_at: datetime
    prefer_operator_id: UUID | None = None
    avoid_operator_id: UUID | None = None
    among_operator_ids: tuple[UUID, ...] = ()
    task_type: str | None = None


class WorkWithdrawn(TasksEvent):
    """Pushed work needs no operator any more: the task was taken, closed or moved meanwhile."""

    event_type: ClassVar[str] = "dozvon.work.withdrawn.v1"

    task_id: UUID
    lead_id: UUID | None = None
    customer_id: UUID | None = None
    reason: str


class WorkDeclined(TasksEvent):
    """A proposal came too late; the operator gets the turn back."""

    event_type: ClassVar[str] = "dozvon.work.declined.v1"

    task_id: UUID
    lead_id: UUID | None = None
    customer_id: UUID | None = None
    decision_id: UUID
    operator_id: UUID
    reason: str


class LeadStatusRequested(TasksEvent):
    """A playbook asks intake for a status of the desk's own, with its canonical stage."""

    event_type: ClassVar[str] = "dozvon.lead.status_requested.v1"

    lead_id: UUID
    customer_id: UUID | None = None
    status: str
    title: Text
    stage: Stage
    actor: str
    reason: str


class LeadOwnerChanged(TasksEvent):
    """Another operator is responsible for the lead, and no `task.assigned` says so."""

    event_type: ClassVar[str] = "dozvon.lead.owner_changed.v1"

    lead_id: UUID
    customer_id: UUID | None = None
    from_operator_id: UUID | None
    to_operator_id: UUID | None
    reason: str
    actor: str = "system"


class MessageRequested(TasksEvent):
    """A playbook requests a message to the customer. The event is self-contained.

    `variables` hold no personal data: a template reads name, phone and e-mail from `person`.
    `dedupe_key` makes the intent unique per desk; after `deadline` the message is not sent. `to_customer` false: it
    goes to a partner, one of the staff or the team, and is no part of the customer's conversation.
    `zone_source`: by what the customer's `zone` is known; of the desk's alone a number may say more.
    """

    event_type: ClassVar[str] = "dozvon.message.requested.v1"

    message_id: UUID
    lead_id: UUID | None = None
    customer_id: UUID | None = None
    process_id: UUID | None = None
    task_id: UUID | None
    template: str
    channels: tuple[str, ...] = ("whatsapp",)
    variables: dict[str, str]
    language: Language
    zone: str
    zone_source: ZoneSource | None = None
    purpose: str
    deadline: datetime | None
    dedupe_key: str
    to_customer: bool = True
    person: Customer


class MessageWithdrawn(TasksEvent):
    """A message is not wanted any more: what has not left is stopped, and fails with the code `withdrawn`.

    `dedupe_key` is that of its `message.requested`. What has left already goes on and reports as it always does.
    """

    event_type: ClassVar[str] = "dozvon.message.withdrawn.v1"

    dedupe_key: str
    lead_id: UUID | None = None
    customer_id: UUID | None = None
    process_id: UUID | None = None
    purpose: str
    actor: str
    reason: str


class ChangeRequested(TasksEvent):
    """Tasks wants a fact of intake changed: intake alone writes it. Key: that of the subject.

    Answered once by the target's own event with this `request_id` (`order.changed`, `lead.updated`,
    `customer.changed`, `appointment.changed`, `payment.recorded`, `refund.changed`, `access.changed`), or by
    `change.refused`. `expected_version` is the target's, which must be unchanged; None: no such check. `values` by
    target:

    - `order_status` (the order): `status`
    - `order_fields` (the order): `amount` as decimal text, `currency`, `payment_link`, `external_number`,
      `remarks`, `held_until` in ISO 8601 with an offset; an empty text takes a value away
    - `appointment` (the lead): `step` as in `appointment.changed`; `at` in ISO 8601 with an offset for planned and
      moved; `by` and `warned` (`true`, `false`) for moved and cancelled
    - `pinned_comment` (the lead): `text`
    - `payment` (the order): `step` is `record` or `delete`; to record: `type`, and `amount` as decimal text,
      without which it is what the order lacks. What is deleted is the newest manual payment that stands (S4.10)
    - `refund` (the order): `step` as the states of `refund.changed`; `kept_by` where the customer was kept,
      `amount` where it is asked for. Payout details never travel here: they go straight to intake's API
    - `access` (the order): `action`, and `status`
    - `customer_fields` (the customer): nothing; `person` names what changes, the rest stays
    """

    event_type: ClassVar[str] = "dozvon.change.requested.v1"

    request_id: UUID
    target: ChangeTarget
    target_id: UUID
    expected_version: int | None = None
    values: dict[str, str] = {}
    person: Customer | None = None
    lead_id: UUID | None = None
    customer_id: UUID | None = None
    actor: str
    reason: str


class TaskMoved(TaskHanded):
    """Shared by the moves of an open task between operators. `actor` is an operator's id, a subject or `system`.

    `reason` is a code that readers may not know yet; the comment is not published.
    """

    task_id: UUID
    lead_id: UUID | None = None
    customer_id: UUID | None = None
    task_type: str
    title: Text
    due_at: datetime
    pool: str
    actor: str
    reason: str


class TaskReleased(TaskMoved):
    """An operator has a task no more, and no other has it yet. `taken`: they had taken it.

    `lender_id` had lent it to them, and does not get it back.
    """

    event_type: ClassVar[str] = "dozvon.task.released.v1"

    operator_id: UUID
    taken: bool
    lender_id: UUID | None = None


class TaskReassigned(TaskMoved):
    """A task was given to an operator by name; `from_operator_id` None: no operator had it.

    `lender_id` had lent it, and does not get it back.
    """

    event_type: ClassVar[str] = "dozvon.task.reassigned.v1"

    from_operator_id: UUID | None
    to_operator_id: UUID
    order_number: str | None = None
    lender_id: UUID | None = None


class TaskLent(TaskMoved):
    """An operator has a colleague's task until a time; then it goes back by itself."""

    event_type: ClassVar[str] = "dozvon.task.lent.v1"

    from_operator_id: UUID
    to_operator_id: UUID
    until: datetime


class TaskReturned(TaskMoved):
    """A lent task is back with its operator."""

    event_type: ClassVar[str] = "dozvon.task.returned.v1"

    from_operator_id: UUID
    to_operator_id: UUID


EVENTS = (
    TaskOpened, TaskAssigned, TaskTaken, TaskCompleted, TaskFailed, TaskDeferred, TaskOverdue,
    WorkRequested, WorkWithdrawn, WorkDeclined, LeadStatusRequested, LeadOwnerChanged,
    MessageRequested, MessageWithdrawn, ChangeRequested,
    TaskReleased, TaskReassigned, TaskLent, TaskReturned,
)  # fmt: skip
