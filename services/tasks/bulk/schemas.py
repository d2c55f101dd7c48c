"""Bulk actions on the wire."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from libs.common.domain.code import Code
from libs.common.domain.plans import BulkMemberState, Progress
from libs.common.platform.http.wire import Moment, Wire, Words, WrongValueError
from services.tasks.bulk.actions import PlanCommand
from services.tasks.bulk.rules import LARGEST, BulkKind, Wanted
from services.tasks.engine.deeds import Lasting
from services.tasks.engine.state import TaskState
from services.tasks.tasks.queries import TaskFilter
from services.tasks.tasks.schemas import FieldIn


class TaskFilterIn(Wire):
    """Which open tasks are meant, as in the list of tasks; what is left out does not filter."""

    ids: Annotated[tuple[UUID, ...] | None, Field(max_length=LARGEST)] = None
    type: Annotated[str | None, Field(max_length=64)] = None
    lane: Annotated[str | None, Field(max_length=64)] = None
    pool: Code | None = None
    playbook: Code | None = None
    operator_id: UUID | None = None
    overdue: bool | None = None
    waiting: bool | None = None
    unowned: bool | None = None
    created_from: Moment | None = None
    created_to: Moment | None = None
    due_from: Moment | None = None
    due_to: Moment | None = None

    def selection(self, desk: str) -> TaskFilter:
        return TaskFilter(desk=desk, state=[TaskState.ACTIVE], **self.model_dump())


class BulkOutcomeIn(Wire):
    """The outcome that each task gets; the action's comment is its comment."""

    outcome: Annotated[str, Field(max_length=64)]
    call_made: bool | None = None
    problem: Annotated[str | None, Field(max_length=64)] = None
    fields: Annotated[dict[str, FieldIn], Field(max_length=100)] = {}

    def wanted(self) -> Wanted:
        return Wanted(self.outcome, self.call_made, self.problem, self.fields)


class BulkActionIn(Wire):
    """What is done to which open tasks of a desk, and why in words.

    `end` needs an `outcome`, `assign` an `operator_id`; `release` gives tasks back to their lanes.
    """

    desk: Code
    action: BulkKind
    filter: TaskFilterIn
    comment: Words
    outcome: BulkOutcomeIn | None = None
    operator_id: UUID | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.outcome is None) == (self.action is BulkKind.END):
            raise WrongValueError(
                "outcome нужен для end, и только для него", "outcome goes with end, and end alone"
            )
        if (self.operator_id is None) == (self.action is BulkKind.ASSIGN):
            raise WrongValueError(
                "operator_id нужен для assign, и только для него", "operator_id goes with assign, and assign alone"
            )
        return self

    def command(self) -> PlanCommand:
        shown = self.filter.model_dump(mode="json", exclude_none=True)
        wanted = self.outcome.wanted() if self.outcome else None
        selection = self.filter.selection(self.desk)
        return PlanCommand(self.desk, self.action, selection, shown, self.comment, wanted, self.operator_id)


class LastingOut(BaseModel):
    """What could not be taken back once it has left: a message, a change that intake was asked for, a charge."""

    kind: Lasting
    code: str
    count: int


class BulkActionOut(BaseModel):
    """A bulk action, how many of its members are in each state, and what of it cannot be taken back."""

    id: UUID
    desk: str
    action: BulkKind
    filter: dict[str, object]
    comment: str
    outcome: str | None
    operator_id: UUID | None
    left: tuple[LastingOut, ...]
    state: Progress
    members: dict[BulkMemberState, int]
    planned_at: datetime
    planned_by: str
    applied_at: datetime | None
    applied_by: str | None
    undone_at: datetime | None
    undone_by: str | None
    version: int


class BulkMemberOut(BaseModel):
    """A member: a task as planned, and what became of it; `note` says why something stays as it is."""

    position: int
    lead_id: UUID | None
    order_number: str | None
    task_id: UUID
    task_type: str
    from_operator_id: UUID | None
    state: BulkMemberState
    note: str | None
