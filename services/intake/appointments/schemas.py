"""Appointments on the wire."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from libs.common.contracts.shared import AppointmentParty, AppointmentStep
from libs.common.platform.http.wire import Moment, Wire
from services.intake.appointments.rules import Wish

Reason = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S", description="for the lead's history")]


class AppointmentState(StrEnum):
    """Under way (`planned`), or how it ended."""

    PLANNED = "planned"
    CANCELLED = "cancelled"
    KEPT = "kept"
    MISSED = "missed"


class AppointmentIn(Wire):
    """An appointment to plan."""

    at: Moment
    reason: Reason | None = None

    def wish(self) -> Wish:
        """Return the step."""
        return Wish(AppointmentStep.PLANNED, self.at)


class Move(Wire):
    """Another time. `by`: who wanted it; `warned`: whether they said so beforehand (S0.15)."""

    at: Moment
    by: AppointmentParty | None = None
    warned: bool | None = None
    reason: Reason | None = None

    def wish(self) -> Wish:
        """Return the step."""
        return Wish(AppointmentStep.MOVED, self.at, self.by, self.warned)


class Cancellation(Wire):
    """Who cancelled, and whether they said so beforehand (S0.15)."""

    by: AppointmentParty | None = None
    warned: bool | None = None
    reason: Reason | None = None

    def wish(self) -> Wish:
        """Return the step."""
        return Wish(AppointmentStep.CANCELLED, None, self.by, self.warned)


class Ending(Wire):
    """Whether the customer came; that says the path."""

    reason: Reason | None = None


class AppointmentView(BaseModel):
    """An appointment of a lead."""

    id: UUID
    desk: str
    lead_id: UUID
    customer_id: UUID
    partner_id: UUID | None
    at: datetime
    state: AppointmentState
    by: AppointmentParty | None
    warned: bool | None
    created_at: datetime
    updated_at: datetime
    version: int
