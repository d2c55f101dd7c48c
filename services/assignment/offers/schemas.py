"""Work on the wire."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from services.assignment.offers.rules import WorkState


class WorkView(BaseModel):
    """A task as assignment sees it; without a pool it was never requested here."""

    task_id: UUID
    lead_id: UUID
    desk: str
    state: WorkState
    pool: str | None
    role: str | None
    products: tuple[str, ...] | None
    due_at: datetime | None
    requested_at: datetime | None
    operator_id: UUID | None
    decision_id: UUID | None
