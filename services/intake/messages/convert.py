"""Messages that notifications received → contacts, and whose they are."""

from collections.abc import Mapping
from uuid import UUID

from libs.common.contracts import Outgoing, Received
from libs.common.contracts.intake import MessageResolved
from libs.common.contracts.notifications import MessageReceived
from libs.common.contracts.shared import ContactKind, Customer
from libs.common.domain.names import plain_name
from services.intake.contacts.rules import Said


def said_of(data: MessageReceived) -> Said:
    """Return a message as a contact that is known by its id."""
    person = data.person
    return Said(
        kind=ContactKind.MESSAGE,
        direction=data.direction,
        at=data.at,
        external_id=str(data.message_id),
        message_id=data.message_id,
        name=plain_name(person.name) or None if person.name else None,
        phone=person.phone,
        identities=tuple((each.kind, each.value) for each in person.identities),
        text=person.text,
        button=person.button,
        stop=person.stop,
    )


def resolved_event(
    event: Received[MessageReceived], customer_id: UUID, lead: Mapping[str, object] | None
) -> Outgoing:
    """Return `message.resolved`: of a lead as it is now, else of the person as the message shows them."""
    person = event.data.person if lead is None else Customer.model_validate(lead)
    data = MessageResolved.model_validate(
        {
            "message_id": event.data.message_id,
            "customer_id": customer_id,
            "lead_id": lead and lead["id"],
            **{name: lead[name] for name in ("zone", "partner_id", "partner_operator_id") if lead},
            "person": person.model_dump(),
        }
    )
    return Outgoing(f"customer:{customer_id}", event.desk, event.time, data, event.follow())
