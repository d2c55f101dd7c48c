"""The leads that are frozen: in which state each stands, and how it must end after the upgrade."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lead:
    """`status` is the process's last one, `message` the state of the first message to the customer.

    `lead_id` is None for what has not become a lead yet.
    """

    name: str
    source: str
    state: str
    status: str
    message: str
    lead_id: str | None = None


LEADS: Sequence[Lead] = (
    Lead("link-sent", "school", "followed up tomorrow, with a playbook's timer", "paid", "delivered"),
    Lead("offered", "school", "offered to an operator, which tasks has not read", "paid", "delivered"),
    Lead("waiting", "school", "waits: nobody in its pool has room", "paid", "delivered"),
    Lead("corridor", "school", "not offered: its corridor opens later", "paid", "delivered"),
    Lead("taken", "landing", "taken, under an Idempotency-Key", "answered", "delivered"),
    Lead("assigned", "landing", "assigned and not taken", "answered", "delivered"),
    Lead(
        "no-answer", "landing", "deferred: nobody answered, the next call is offered later", "answered", "delivered"
    ),
    Lead("callback", "landing", "deferred: the customer named a time", "answered", "delivered"),
    Lead("completed", "landing", "ended: the question was answered", "answered", "delivered"),
    Lead("failed", "landing", "ended: the customer refused", "refused", "delivered"),
    Lead("message-failed", "landing", "its message was refused by the provider", "answered", "failed"),
    Lead("message-accepted", "landing", "its message was accepted, no callback came", "answered", "read"),
    Lead("answer-lost", "landing", "its message was accepted, the answer was lost", "answered", "read"),
    Lead("never-answered", "landing", "its message had no answer that says anything", "answered", "unknown"),
    Lead("killed", "landing", "its sender was killed in the middle of the call", "answered", "read"),
    Lead("poisoned", "landing", "an event waits behind one that cannot be read", "answered", "delivered"),
    Lead("no-playbook", "survey", "failed for want of a playbook, an event waits behind it", "told", "read"),
    Lead("quarantined", "landing", "a delivery in quarantine", "answered", "read"),
    Lead("relayed", "landing", "received, and not read by tasks", "answered", "read"),
    Lead("taken-unread", "landing", "taken, and not read by the others", "answered", "delivered"),
    Lead("ended-unread", "landing", "ended, and not read by the others", "answered", "delivered"),
    Lead("in-outbox", "landing", "received, and still in the outbox of intake", "answered", "read"),
    Lead("taken-in-outbox", "landing", "taken, and still in the outbox of tasks", "answered", "delivered"),
)
#: Words of a landing page that its source does not know before its map is mended.
UNKNOWN_WORDS = {"name": "client", "phone": "client_phone"}


def phone(name: str) -> str:
    """Return the number of a lead's customer; nobody else has it."""
    return f"+7916{random.Random(name).randrange(10**7):07d}"  # noqa: S311 - a made-up number


def order(lead: Lead, **fields: str) -> Mapping[str, str]:
    """Return a lead's order as its source writes it."""
    if lead.source == "school":
        deal = {"deal_id": lead.name, "number": lead.name, "status": "new", "cost_value": "12000"}
        person = {"first_name": "Борис", "phone": phone(lead.name), "email": f"{lead.name}@example.com"}
        return {**deal, **person, "payment_link": "https://school.example/pay", **fields}
    body = {"external_id": lead.name, "name": "Анна", "phone": phone(lead.name), "product": "CR-1", "price": "1990"}
    if lead.name == "quarantined":
        body = {UNKNOWN_WORDS.get(word, word): value for word, value in body.items()}
    return {**body, **fields}
