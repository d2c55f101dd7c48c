"""Presence and shifts on the wire."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from services.assignment.shifts.handover import Leave
from services.assignment.wire import Wire


class PresenceIn(Wire):
    """The operator whose presence changes; the caller by default."""

    operator_id: UUID | None = None


class CheckOutIn(PresenceIn):
    """Who leaves, the caller by default, and who has their open conversations then.

    `override`: why a supervisor lets them go though something is not handed over.
    """

    heir_id: UUID | None = None
    override: Annotated[str | None, Field(min_length=1, max_length=500, pattern=r"\S")] = None

    def leave(self) -> Leave:
        return Leave(self.heir_id, self.override)


class PauseIn(PresenceIn):
    """Who pauses, the caller by default, and why."""

    reason: Annotated[str | None, Field(min_length=1, max_length=100, pattern=r"\S")] = None


class ShiftView(BaseModel):
    """A shift; `ended_at` is absent while it lasts."""

    id: UUID
    operator_id: UUID
    operator_name: str
    started_at: datetime
    ended_at: datetime | None
