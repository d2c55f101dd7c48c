"""Decisions on the wire."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel


class ReasonView(BaseModel):
    """A reason: `code` for programs, `title` in the caller's language."""

    code: str
    title: str


class CandidateView(BaseModel):
    """An operator of the pool at the decision; no reasons = eligible. `virtual_time` is in turns."""

    operator_id: UUID
    operator_name: str
    chosen: bool
    eligible: bool
    reasons: tuple[ReasonView, ...]
    virtual_time: float
    open_work: int


class DecisionView(BaseModel):
    """A decision: the chosen operator, the candidates, the reason and the outcome (P.3)."""

    id: UUID
    desk: str
    pool: str
    task_id: UUID
    lead_id: UUID | None
    task_version: int
    operator_id: UUID | None
    operator_name: str | None
    reason: ReasonView
    at: datetime
    outcome: str | None
    outcome_reason: str | None
    outcome_at: datetime | None
    candidates: tuple[CandidateView, ...]
