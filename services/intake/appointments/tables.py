"""Appointments of leads: visits, and deliveries to a date (S0.6, S0.9)."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, DateTime, Index, Table, Text, Uuid, text

from services.intake.metadata import metadata

appointment = Table(
    "appointment",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("lead_id", Uuid, nullable=False),
    Column("customer_id", Uuid, nullable=False),
    # The partner that the lead had when it was planned.
    Column("partner_id", Uuid),
    Column("at", DateTime(timezone=True), nullable=False),
    # `planned` is under way; the others ended it.
    Column("state", Text, nullable=False),
    # Of the last step: who moved or cancelled it, and whether they said so beforehand (S0.15).
    Column("by", Text),
    Column("warned", Boolean),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("version", BigInteger, nullable=False),
    CheckConstraint("state IN ('planned', 'cancelled', 'kept', 'missed')", name="state"),
    CheckConstraint("by IN ('customer', 'partner', 'desk')", name="by"),
    # A lead has one under way at most.
    Index("uq_appointment_lead_id", "lead_id", unique=True, postgresql_where=text("state = 'planned'")),
    Index("ix_appointment_lead_id", "lead_id", "id"),
)
