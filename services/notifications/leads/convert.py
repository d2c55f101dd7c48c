"""Events of tasks → what they change of who works a lead."""

from typing import TypeAlias, assert_never

from libs.common.contracts.tasks import (
    LeadOwnerChanged,
    TaskAssigned,
    TaskCompleted,
    TaskDeferred,
    TaskFailed,
    TaskLent,
    TaskReassigned,
    TaskReleased,
    TaskReturned,
    TaskTaken,
)
from services.notifications.leads.rules import Change, Given, Over, Owned

TaskOver: TypeAlias = TaskReleased | TaskCompleted | TaskFailed | TaskDeferred
LeadEvent: TypeAlias = (
    TaskAssigned | TaskTaken | TaskReassigned | TaskLent | TaskReturned | TaskOver | LeadOwnerChanged
)
HANDED_OVER = "handed_over"  # why tasks has moved a conversation at the end of a shift


def change_of(event: LeadEvent) -> Change:
    """Return what an event changes."""
    match event:
        case TaskAssigned(task_id=task_id, operator_id=operator_id, owns_lead=owns_lead):
            return Given(task_id, operator_id, owns_lead)
        case TaskTaken(task_id=task_id, operator_id=operator_id):
            return Given(task_id, operator_id)
        case TaskReassigned(reason=reason):
            return Given(event.task_id, event.to_operator_id, heir=reason == HANDED_OVER)
        case TaskLent() | TaskReturned():
            return Given(event.task_id, event.to_operator_id)
        case TaskReleased() | TaskCompleted() | TaskFailed() | TaskDeferred():
            return Over(event.task_id)
        case LeadOwnerChanged(to_operator_id=operator_id):
            return Owned(operator_id)
        case _:
            assert_never(event)
