"""Grants ↔ the words of addresses: sealed, so that no one else can make or change one."""

import base64
import binascii
from uuid import UUID

import orjson

from libs.common.platform.sealing import BrokenSealError, DataKeys, MissingKeyError, Place
from services.intake.recordings.rules import BadGrantError, Grant


def sealed(grant: Grant, keys: DataKeys) -> str:
    """Return the word that stands in an address."""
    said = orjson.dumps([grant.sub, grant.role, grant.scope, grant.until]).decode()
    return base64.urlsafe_b64encode(keys.seal(said, _place(grant.contact_id)).encode()).decode().rstrip("=")


def opened(contact_id: UUID, word: str, keys: DataKeys) -> Grant:
    """Return the grant of a word. Raises BadGrantError."""
    try:
        stored = base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)).decode("ascii")
        sub, role, scope, until = orjson.loads(keys.open(stored, _place(contact_id)))
        return Grant(contact_id, sub, role, scope, float(until))
    except (binascii.Error, ValueError, BrokenSealError, MissingKeyError):
        raise BadGrantError from None


def _place(contact_id: UUID) -> Place:
    return Place("contact", "recording", contact_id)
