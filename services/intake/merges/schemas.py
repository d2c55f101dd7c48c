"""Merges on the wire."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from libs.common.domain.code import Code
from libs.common.platform.http.wire import Wire, WrongValueError
from services.intake.customers.schemas import Why
from services.intake.merges.actions import Plan
from services.intake.merges.rules import (
    LARGEST,
    MergeFault,
    MergeKind,
    MergeMemberState,
    MergeState,
    Remains,
)


class MergeGroup(Wire):
    """Who stays, and who is merged into them."""

    winner: UUID
    losers: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=LARGEST)]


class MergeIn(Wire):
    """What is to be merged on a desk, and why: customers, or leads of one customer."""

    desk: Code
    kind: MergeKind
    merges: Annotated[tuple[MergeGroup, ...], Field(min_length=1, max_length=LARGEST)]
    reason: Why

    @model_validator(mode="after")
    def _is_not_too_large(self) -> Self:
        if sum(len(group.losers) for group in self.merges) > LARGEST:
            raise WrongValueError(f"merges: не больше {LARGEST} за раз", f"merges: {LARGEST} at a time at most")
        return self

    def plan(self) -> Plan:
        """Return the plan."""
        pairs = [(group.winner, loser) for group in self.merges for loser in group.losers]
        return Plan(self.desk, self.kind, pairs, self.reason)

    def pointers(self) -> list[str]:
        """Return where the body has each loser."""
        return [f"/merges/{n}/losers/{k}" for n, group in enumerate(self.merges) for k in range(len(group.losers))]


class RemainsView(BaseModel):
    """What an undo does not take back, and how many of it."""

    kind: Remains
    count: int


class MergeView(BaseModel):
    """A merge: what of it cannot be taken back, and after an undo what came in between and stays."""

    id: UUID
    desk: str
    kind: MergeKind
    reason: str
    left: list[RemainsView]
    state: MergeState
    between: list[RemainsView]
    members: dict[MergeMemberState, int]
    planned_at: datetime
    planned_by: str
    applied_at: datetime | None
    applied_by: str | None
    undone_at: datetime | None
    undone_by: str | None
    version: int


class MergeMemberView(BaseModel):
    """Who is merged into whom, and what became of it; `moved`: how many identities changed hands."""

    position: int
    winner_id: UUID
    loser_id: UUID
    state: MergeMemberState
    note: MergeFault | None
    moved: int
