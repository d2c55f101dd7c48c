"""Events that tasks owns besides those of its work: reminders, calls, what partners owe, what is merged.

The key is that of the subject.
"""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from libs.common.contracts.shared import Text
from libs.common.contracts.tasks import TaskHanded, TasksEvent
from libs.common.domain.money import Money


class TaskReminded(TaskHanded):
    """An open task is due soon: once for each time that its playbook names (S2.12).

    `operator_id` has the task, or is responsible for its lead while no operator has it.
    """

    event_type: ClassVar[str] = "dozvon.task.reminded.v1"

    task_id: UUID
    lead_id: UUID | None = None
    customer_id: UUID | None = None
    task_type: str
    title: Text
    due_at: datetime
    pool: str
    operator_id: UUID | None
    important: bool
    order_number: str | None = None


class CallRinging(TaskHanded):
    """A customer calls, and an operator's telephone rings (S0.4): who calls is the `person`.

    Key of the lead, else `contact:<id>`. One of each operator at the telephone; nothing says when it stops.
    """

    event_type: ClassVar[str] = "dozvon.call.ringing.v1"

    contact_id: UUID
    lead_id: UUID | None = None
    customer_id: UUID | None = None
    operator_id: UUID
    extension: str
    line: str | None = None
    at: datetime


class PartnerChargeDue(TasksEvent):
    """A partner owes a charge, such as a client who was brought (S0.15); once for a process and a charge.

    `charge_id` is the same however often it is said. `amount` None: it is for who bills to say.
    """

    event_type: ClassVar[str] = "dozvon.partner.charge_due.v1"

    charge_id: UUID
    lead_id: UUID | None = None
    customer_id: UUID | None = None
    process_id: UUID
    partner_id: UUID
    charge: str
    title: Text
    amount: Money | None = None
    actor: str
    reason: str


class WorkMerged(TasksEvent):
    """The work of a lead is that of another by now, or by `undone` its own again. Key `lead:<id>` of the loser.

    It comes after all that the loser's work has requested. `actor` has merged the leads, `system` before this.
    """

    event_type: ClassVar[str] = "dozvon.work.merged.v1"

    lead_id: UUID
    winner_id: UUID
    undone: bool = False
    actor: str


EVENTS = (TaskReminded, CallRinging, PartnerChargeDue, WorkMerged)
