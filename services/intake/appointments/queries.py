"""Reads of appointments; who may read a lead may read its appointments."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import or_, select

from libs.common.platform.db import Database
from services.intake.appointments.schemas import AppointmentView
from services.intake.appointments.tables import appointment
from services.intake.errors import NotFoundError
from services.intake.leads.tables import lead

MOST = 200


async def appointments_of_lead(db: Database, lead_id: UUID) -> Sequence[AppointmentView]:
    """Return the appointments of a lead and of those that were merged into it, the newest first."""
    theirs = or_(
        appointment.c.lead_id == lead_id,
        appointment.c.lead_id.in_(select(lead.c.id).where(lead.c.merged_into == lead_id)),
    )
    query = select(appointment).where(theirs).order_by(appointment.c.id.desc()).limit(MOST)
    async with db.read() as conn:
        rows = (await conn.execute(query)).mappings()
        return [AppointmentView.model_validate(dict(row)) for row in rows]


async def get_appointment(db: Database, appointment_id: UUID) -> AppointmentView:
    """Return one appointment; the caller's right is that of its lead. Raises NotFoundError."""
    query = select(appointment).where(appointment.c.id == appointment_id)
    async with db.read() as conn:
        row = (await conn.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFoundError
    return AppointmentView.model_validate(dict(row))
