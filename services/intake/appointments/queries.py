"""Reads of appointments; who may read a lead may read its appointments."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, literal, select

from libs.common.platform.db import Database
from libs.common.platform.db.conditions import any_of
from services.intake.appointments.schemas import AppointmentView
from services.intake.appointments.tables import appointment
from services.intake.errors import NotFoundError
from services.intake.leads.tables import lead
from services.intake.scope import whole

MOST = 200


def of_lead(lead_id: UUID) -> Select[tuple[object, ...]]:
    """Return the query for a lead's appointments and for those of leads that were merged into it."""
    theirs = any_of(appointment.c.lead_id, whole(lead, literal(lead_id)))
    return select(appointment).where(theirs).order_by(appointment.c.id.desc()).limit(MOST)


async def appointments_of_lead(db: Database, lead_id: UUID) -> Sequence[AppointmentView]:
    """Return the appointments of a lead and of those that were merged into it, the newest first."""
    async with db.read() as conn:
        rows = (await conn.execute(of_lead(lead_id))).mappings()
        return [AppointmentView.model_validate(dict(row)) for row in rows]


async def get_appointment(db: Database, appointment_id: UUID) -> AppointmentView:
    """Return one appointment; the caller's right is that of its lead. Raises NotFoundError."""
    query = select(appointment).where(appointment.c.id == appointment_id)
    async with db.read() as conn:
        row = (await conn.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFoundError
    return AppointmentView.model_validate(dict(row))
