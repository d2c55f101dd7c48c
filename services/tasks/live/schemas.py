"""Changes of tasks over the wire."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from libs.common.platform.http.wire import TaskCustomer
from services.tasks.engine.state import TaskState
from services.tasks.live.rules import ChangeKind


class TaskChange(BaseModel):
    """A change of a task that the caller sees, and the task as it is by now: it may have changed since.

    `customer` is absent when the task is about none, and when the caller may not see them.
    """

    kind: ChangeKind
    at: datetime
    desk: str
    task_id: UUID
    lead_id: UUID | None
    order_number: str | None
    type: str
    title: str
    customer: TaskCustomer | None
    pool: str
    lane: str
    state: TaskState
    operator_id: UUID | None
    lender_id: UUID | None
    due_at: datetime
    important: bool
    overdue: bool
    waiting: bool
    version: int


class TaskGone(BaseModel):
    """A task that the caller saw until `at` and sees no more: an operator's, or of their pools."""

    kind: Literal["task_gone"]
    at: datetime
    desk: str
    task_id: UUID
