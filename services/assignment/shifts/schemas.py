"""Presence and shifts on the wire."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from services.assignment.wire import Wire


class PresenceIn(Wire):
    """Whose presence; without an operator it is the caller's own."""

    operator_id: UUID | None = None


class ShiftView(BaseModel):
    """A shift that is being worked or was."""

    id: UUID
    operator_id: UUID
    operator_name: str
    started_at: datetime
    ended_at: datetime | None
