"""Rows of contacts → events."""

from datetime import datetime
from uuid import UUID

import asyncpg

from libs.common.contracts import Cause, Outgoing
from libs.common.contracts.intake import Contact, ContactFacts, ContactRecorded, LeadReceivedV2
from libs.common.contracts.shared import Customer, Language, Speaker, Text
from services.intake.contacts.rules import Known, Person, Said, recording_path
from services.intake.customers.rules import Place
from services.intake.playbooks.rules import Born
from services.intake.sources.rules import Source


def person_json(person: Person, said: Said) -> dict[str, object]:
    """Return the person of a contact, and what they said, as it is stored and published."""
    spoken = {"text": said.text, "button": said.button, "stop": said.stop or None}
    return {**_reached(person), **{name: each for name, each in spoken.items() if each is not None}}


def _reached(person: Person) -> dict[str, object]:
    phone = person.phone
    return {
        "name": person.name,
        "phone": phone.e164 if phone else None,
        "phone_raw": phone.raw if phone else None,
        "email": person.email,
        "identities": _identities(person.others),
    }


def _identities(known: tuple[Known, ...]) -> list[dict[str, str]]:
    return [{"kind": kind.value, "value": value} for kind, value in known]


def recorded_event(
    row: asyncpg.Record, customer_id: UUID | None, lead_id: UUID | None, now: datetime, cause: Cause
) -> Outgoing:
    """Return `contact.recorded` of a stored contact."""
    data = ContactRecorded(
        **_facts(row).model_dump(),
        lead_id=lead_id,
        customer_id=customer_id,
        source_id=row["source_id"],
        source=row["source"],
        person=Speaker.model_validate(row["person"]),
    )
    key = f"lead:{lead_id}" if lead_id else f"contact:{row['id']}"
    return Outgoing(key=key, desk=row["desk"], time=now, data=data, cause=cause)


def received_event(
    row: asyncpg.Record,
    lead_id: UUID,
    customer_id: UUID,
    source: Source,
    person: Person,
    place: Place,
    first: Born,
    cause: Cause,
) -> Outgoing:
    """Return `lead.received` of a lead that a contact opened; `person` has all that the customer is known by."""
    data = LeadReceivedV2(
        lead_id=lead_id,
        customer_id=customer_id,
        source_id=source.id,
        source=source.code,
        playbook=source.playbook,
        status=first.status,
        title=Text.model_validate(first.title) if first.title else None,
        stage=first.stage,
        contact=Contact.model_validate(_facts(row).model_dump()),
        signals=person.signals,
        language=Language(source.language),
        zone=place.zone,
        zone_source=place.source,
        received_at=row["received_at"],
        partner_id=source.partner_id,
        person=Customer.model_validate(_reached(person)),
    )
    return Outgoing(key=f"lead:{lead_id}", desk=source.desk, time=row["received_at"], data=data, cause=cause)


def _facts(row: asyncpg.Record) -> ContactFacts:
    members = {name: row[name] for name in ContactFacts.model_fields if name != "contact_id"}
    recording = recording_path(row["id"]) if row["recording"] else None
    return ContactFacts(contact_id=row["id"], **{**members, "recording": recording})
