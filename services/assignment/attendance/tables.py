"""The rules of attendance of each desk."""

from sqlalchemy import Column, DateTime, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from services.assignment.metadata import metadata

attendance_rule = Table(
    "attendance_rule",
    metadata,
    Column("desk", Text, primary_key=True),
    Column("rules", JSONB, nullable=False),  # an `AttendancePart`
    Column("since", DateTime(timezone=True), nullable=False),  # when lateness was first judged by a rule
)
