"""Redistributions on the wire."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from libs.common.domain.code import Code
from libs.common.domain.plans import Progress
from libs.common.platform.http.wire import Moment, Wire, Words
from services.tasks.redistributions.actions import PlanCommand
from services.tasks.redistributions.rules import MemberState, Note
from services.tasks.redistributions.store import Selection

ForGood = Annotated[
    bool, Field(description="the new operators stand in for no one, though the operator is absent now")
]


class SelectionIn(Wire):
    """Which leads of the operator are meant; what is left out does not filter."""

    playbook: Code | None = None
    status: Annotated[str | None, Field(max_length=64)] = None
    task_type: Code | None = None
    pool: Code | None = None
    due_before: Moment | None = None
    lead_ids: Annotated[tuple[UUID, ...] | None, Field(max_length=1000)] = None

    def selection(self) -> Selection:
        return Selection(**self.model_dump())


class RedistributionIn(Wire):
    """Whose leads at a desk go, which of them, to whom, and why in words.

    `to_operator_ids`: to these in turn; none: to the pools, without an owner.
    """

    desk: Code
    from_operator_id: UUID
    to_operator_ids: Annotated[tuple[UUID, ...], Field(max_length=100)] = ()
    filter: SelectionIn = SelectionIn()
    comment: Words
    for_good: ForGood = False

    def command(self) -> PlanCommand:
        return PlanCommand(
            self.desk,
            self.from_operator_id,
            self.to_operator_ids,
            self.filter.selection(),
            self.comment,
            self.for_good,
        )


class PersonOut(BaseModel):
    """An operator."""

    id: UUID
    name: str


class RedistributionOut(BaseModel):
    """A redistribution, and how many of its members are in each state."""

    id: UUID
    desk: str
    from_operator: PersonOut
    to_operators: tuple[PersonOut, ...]
    filter: dict[str, object]
    comment: str
    for_good: bool
    state: Progress
    members: dict[MemberState, int]
    planned_at: datetime
    planned_by: str
    applied_at: datetime | None
    applied_by: str | None
    undone_at: datetime | None
    undone_by: str | None
    version: int


class MemberOut(BaseModel):
    """A member: a lead, a task of it that the operator has, to whom they go, and what became of it.

    `moves_owner`: the lead's owner changes. `task_stays`: the task was taken and stays until it is answered. `note`
    says why something stays as it is.
    """

    position: int
    lead_id: UUID | None
    order_number: str | None
    task_id: UUID | None
    task_type: str | None
    from_operator: PersonOut
    to_operator: PersonOut | None
    moves_owner: bool
    task_stays: bool
    state: MemberState
    note: Note | None


class UndoOut(MemberOut):
    """What an undo would do to a member now. `undoable` false: `undo_note` says why it is left as it is.

    `task_to`: to whom the task goes back, none: to its lane.
    """

    undoable: bool
    undo_note: Note | None
    task_to: PersonOut | None
