"""Requests of tasks ↔ values of the rules; answers → events."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import asyncpg

from libs.common.contracts import EventData, Outgoing, Received
from libs.common.contracts.intake import ChangeRefused, Fault
from libs.common.contracts.shared import Customer, OrderStatus
from libs.common.contracts.tasks import ChangeRequested
from services.intake.changes.rules import Asked, OrderFields, PersonChange, Refused
from services.intake.contacts.rules import Known
from services.intake.customers.convert import customer_changed
from services.intake.leads.convert import lead_updated
from services.intake.orders.convert import order_changed

Request: TypeAlias = Received[ChangeRequested]

_PERSONAL = frozenset({"remarks"})


def asked_of(person: Customer | None) -> Asked | None:
    """Return the person that a request asks for."""
    if person is None:
        return None
    identities = tuple((each.kind, each.value) for each in person.identities)
    return Asked(person.name, person.phone, person.email, identities)


def fields_of(order: asyncpg.Record) -> OrderFields:
    """Return the fields of a stored order."""
    return OrderFields(
        order["amount"], order["currency"], order["payment_link"], order["external_number"], order["remarks"],
        order["held_until"],
    )  # fmt: skip


def shown(fields: OrderFields, other: OrderFields) -> str | None:
    """Return what differs from another state, for people: `amount=990.00, currency=RUB`.

    Remarks are named alone: what is personal stands in the order and nowhere else.
    """
    names = [name for name in OrderFields.__slots__ if getattr(fields, name) != getattr(other, name)]
    return ", ".join(_shown(name, getattr(fields, name)) for name in names) or None


def _shown(name: str, value: object) -> str:
    return name if name in _PERSONAL and value else f"{name}={value or ''}"


def named(change: PersonChange) -> str:
    """Return which of a person's details a change names, for people."""
    return ", ".join(name for name in ("name", "phone", "email") if getattr(change, name) is not None)


def refused(event: Request, decision: Refused, now: datetime) -> Outgoing:
    """Return `change.refused` under the key of the request."""
    data = event.data
    refusal = ChangeRefused(
        request_id=data.request_id,
        target=data.target,
        target_id=data.target_id,
        lead_id=data.lead_id,
        customer_id=data.customer_id,
        code=decision.code.value,
        current_version=decision.current_version,
        faults=tuple(Fault(field=each.field, code=each.code) for each in decision.problems),
    )
    return _answer(event, event.key, refusal, now)


def changed_order(event: Request, order: asyncpg.Record, before: OrderStatus, now: datetime) -> Outgoing:
    """Return the answer that an order is now as asked for."""
    return _answer(event, f"lead:{order['lead_id']}", order_changed(order, before, event.data.request_id), now)


def changed_lead(
    event: Request,
    lead: asyncpg.Record,
    now: datetime,
    *,
    request_id: UUID | None = None,
    known_by: Sequence[Known] | None = None,
) -> Outgoing:
    """Return what changed of a lead; `request_id` when this is the answer."""
    return _answer(event, f"lead:{lead['id']}", lead_updated(lead, request_id, known_by), now)


def changed_person(
    event: Request,
    customer: asyncpg.Record,
    change: PersonChange,
    known_by: Sequence[Known],
    now: datetime,
) -> Outgoing:
    """Return the answer that a customer is now as asked for; the phone and e-mail asked for come first."""
    data = customer_changed(
        customer,
        known_by,
        phone=change.phone,
        email=change.email,
        lead_id=event.data.lead_id,
        request_id=event.data.request_id,
    )
    return _answer(event, f"customer:{customer['id']}", data, now)


def _answer(event: Request, key: str, data: EventData, now: datetime) -> Outgoing:
    return Outgoing(key=key, desk=event.desk, time=now, data=data, cause=event.follow())
