"""Rows of leads → events."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from libs.common.contracts.intake import LeadUpdated
from libs.common.contracts.shared import Customer, Identity, IdentityKind, Language, Signal, ZoneSource
from services.intake.contacts.rules import Known

_OWN_FIELDS = (IdentityKind.PHONE, IdentityKind.EMAIL)


def lead_updated(
    row: asyncpg.Record, request_id: UUID | None = None, known_by: Sequence[Known] | None = None
) -> LeadUpdated:
    """Return `lead.updated` of a lead as it is now; the SQL of deliveries writes the same (docs/adr/0005).

    `known_by`: all that its customer is known by; None: not at hand.
    """
    others = tuple((kind, value) for kind, value in known_by or () if kind not in _OWN_FIELDS)
    person = Customer(
        name=row["name"],
        phone=row["phone"],
        phone_raw=row["phone_raw"],
        email=row["email"],
        identities=tuple(Identity(kind=kind, value=value) for kind, value in others),
    )
    return LeadUpdated(
        lead_id=row["id"],
        customer_id=row["customer_id"],
        version=row["version"],
        request_id=request_id,
        signals=tuple(Signal(signal) for signal in row["signals"]),
        person=person,
        all_identities=known_by is not None,
        language=Language(row["language"]),
        zone=row["zone"],
        zone_source=ZoneSource(row["zone_source"]),
    )
