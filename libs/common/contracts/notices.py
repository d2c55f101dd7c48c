"""Events that tasks owns besides those of its work: what it reminds of. The key is that of the subject."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from libs.common.contracts.shared import Text
from libs.common.contracts.tasks import TasksEvent


class TaskReminded(TasksEvent):
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


EVENTS = (TaskReminded,)
