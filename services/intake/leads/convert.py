"""Rows of leads → events."""

from uuid import UUID

import asyncpg

from libs.common.contracts.intake import LeadUpdated
from libs.common.contracts.shared import Customer, Language, Signal


def lead_updated(row: asyncpg.Record, request_id: UUID | None = None) -> LeadUpdated:
    """Return `lead.updated` of a lead as it is now; the SQL of deliveries writes the same (docs/adr/0005)."""
    return LeadUpdated(
        lead_id=row["id"],
        customer_id=row["customer_id"],
        version=row["version"],
        request_id=request_id,
        signals=tuple(Signal(signal) for signal in row["signals"]),
        person=Customer(name=row["name"], phone=row["phone"], phone_raw=row["phone_raw"], email=row["email"]),
        language=Language(row["language"]),
        zone=row["zone"],
    )
