"""Rows of appointments → values of the rules, events, lines of a lead's history."""

from datetime import datetime
from uuid import UUID

import asyncpg

from libs.common.contracts import Cause, Outgoing
from libs.common.contracts.intake import AppointmentChanged
from libs.common.contracts.shared import AppointmentParty
from services.intake.appointments.rules import State, UnderWay, Wish


def state_of(row: asyncpg.Record | None) -> State:
    """Return the appointment that is under way."""
    return None if row is None else UnderWay(row["id"], row["at"], row["version"])


def changed_event(
    row: asyncpg.Record, wish: Wish, before: State, now: datetime, cause: Cause, request_id: UUID | None
) -> Outgoing:
    """Return `appointment.changed` of an appointment as it is after the step."""
    data = AppointmentChanged(
        appointment_id=row["id"],
        lead_id=row["lead_id"],
        customer_id=row["customer_id"],
        partner_id=row["partner_id"],
        version=row["version"],
        step=wish.step,
        at=row["at"],
        previous_at=before.at if before is not None and wish.at is not None else None,
        by=AppointmentParty(row["by"]) if row["by"] is not None else None,
        warned=row["warned"],
        request_id=request_id,
    )
    return Outgoing(key=f"lead:{row['lead_id']}", desk=row["desk"], time=now, data=data, cause=cause)


def shown(wish: Wish, at: datetime) -> str:
    """Return a step for people: `moved 2026-03-05T12:00:00+00:00, by partner, not warned`."""
    parts = [f"{wish.step} {at.isoformat()}"]
    parts += [f"by {wish.by}"] if wish.by else []
    parts += [] if wish.warned is None else ["warned" if wish.warned else "not warned"]
    return ", ".join(parts)
