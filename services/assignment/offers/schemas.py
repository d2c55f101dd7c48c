"""Offers on the wire; the API calls them work."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from services.assignment.offers.rules import WorkState


class WorkView(BaseModel):
    """Assignment's record of a task; `pool` is absent if no operator was ever requested for it."""

    task_id: UUID
    lead_id: UUID | None
    desk: str
    state: WorkState
    pool: str | None
    role: str | None
    products: tuple[str, ...] | None
    due_at: datetime | None
    requested_at: datetime | None
    operator_id: UUID | None
    decision_id: UUID | None
