"""Rows of customers and what they are known by → events."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import asyncpg

from libs.common.contracts.intake import CustomerChanged
from libs.common.contracts.shared import Customer, Identity, IdentityKind
from libs.common.domain.phone import Phone
from services.intake.contacts.rules import Known


def known_of(rows: Iterable[asyncpg.Record]) -> tuple[Known, ...]:
    """Return stored identities."""
    return tuple((IdentityKind(row["kind"]), row["value"]) for row in rows)


def customer_changed(
    customer: asyncpg.Record,
    known_by: Sequence[Known],
    *,
    phone: Phone | None = None,
    email: str | None = None,
    lead_id: UUID | None = None,
    request_id: UUID | None = None,
) -> CustomerChanged:
    """Return `customer.changed`; a phone and an e-mail that are given come first, the others are identities."""
    number = phone.e164 if phone else _first(known_by, IdentityKind.PHONE)
    address = email or _first(known_by, IdentityKind.EMAIL)
    person = Customer(
        name=customer["name"],
        phone=number,
        phone_raw=phone.raw if phone else number,
        email=address,
        identities=tuple(
            Identity(kind=kind, value=value) for kind, value in known_by if value not in (number, address)
        ),
    )
    return CustomerChanged(
        customer_id=customer["id"],
        lead_id=lead_id,
        version=customer["version"],
        request_id=request_id,
        person=person,
    )


def _first(known_by: Sequence[Known], kind: IdentityKind) -> str | None:
    return next((value for each, value in known_by if each is kind), None)
