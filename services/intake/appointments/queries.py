"""Reads of appointments; who may read a lead may read its appointments."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from libs.common.platform.db import Database
from services.intake.appointments.schemas import AppointmentView
from services.intake.appointments.tables import appointment
from services.intake.errors import NotFoundError

MOST = 200


async def appointments_of_lead(db: Database, lead_id: UUID) -> Sequence[AppointmentView]:
    """Return a lead's appointments, the newest first."""
    query = (
        select(appointment).where(appointment.c.lead_id == lead_id).order_by(appointment.c.id.desc()).limit(MOST)
    )
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
