"""Rows of a customer and their leads → the person who is to be forgotten."""

from collections.abc import Iterable, Sequence

import asyncpg

from libs.common.contracts.erasures import Forgotten
from libs.common.contracts.shared import Identity, IdentityKind
from services.intake.contacts.rules import Known


def person_of(name: str | None, known: Iterable[Known], leads: Sequence[asyncpg.Record]) -> Forgotten:
    """Return a person with all that they are known by, and every spelling that their leads have."""
    found = set(known)
    found |= {(IdentityKind.PHONE, row["phone"]) for row in leads if row["phone"]}
    found |= {(IdentityKind.EMAIL, row["email"]) for row in leads if row["email"]}
    spellings = {row["phone_raw"] for row in leads if row["phone_raw"]} - {value for _, value in found}
    return Forgotten(
        name=name,
        identities=tuple(Identity(kind=kind, value=value) for kind, value in sorted(found)),
        spellings=tuple(sorted(spellings)),
    )
