"""Sending a message that failed to a corrected address (S4.13)."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import asyncpg

from libs.common.domain.phone import read_phone
from libs.common.platform.db import Transaction
from services.notifications.addresses.store import address_books
from services.notifications.errors import NotFoundError, NotResendableError
from services.notifications.ladders.rules import Rung, Stop
from services.notifications.ladders.store import fall, next_step
from services.notifications.messages.rules import MessageState
from services.notifications.providers.registry import PROVIDERS
from services.notifications.providers.values import Identities
from services.notifications.sending.store import night_of
from services.notifications.templates.convert import parts_of
from services.notifications.templates.rules import Rendered

FAILED = "SELECT * FROM message WHERE id = $1 AND ($2::text[] IS NULL OR desk = ANY($2)) FOR NO KEY UPDATE"
# That of its last attempt, if it sends. The rung is a new one: what is reported late of the old address is of a
# rung that is over, and decides nothing.
CHANNEL = """
SELECT c.id, c.active AND c.halted_at IS NULL AS sends,
       (SELECT max(rung) + 1 FROM attempt WHERE message_id = $1) AS rung
FROM attempt a JOIN channel c ON c.id = a.channel_id
WHERE a.message_id = $1 ORDER BY a.number DESC LIMIT 1
"""
# What a provider had accepted before it failed is over too: a message has one attempt that is not.
OVER = """
UPDATE attempt SET state = 'refused', code = coalesce(code, $2), lease_token = NULL
WHERE message_id = $1 AND state <> 'refused'
"""
# Its steps are published anew: it goes as a message that never failed.
READDRESSED = """
UPDATE message SET state = 'pending', code = NULL, detail = NULL, published = '{}', asked = NULL, resent_by = $2,
    resent_at = $3, changed_at = $3
WHERE id = $1
"""


async def readdress(
    tx: Transaction, message_id: UUID, desks: Collection[str] | None, to: str, actor: str, now: datetime
) -> None:
    """Send a message that failed to another address, by its channel and in its words; its deadline is over.

    Raises NotFoundError, NotResendableError. The caller commits.
    """
    row = await tx.conn.fetchrow(FAILED, message_id, desks if desks is None else list(desks))
    if row is None:
        raise NotFoundError
    channel = await tx.conn.fetchrow(CHANNEL, message_id)
    rung = await _rung(tx, row, channel, to, now)
    await tx.conn.execute(OVER, message_id, row["code"])
    await fall(tx, [next_step(message_id, rung, (), (), None, night_of(row), now)])
    await tx.conn.execute(READDRESSED, message_id, actor, now)


async def _rung(
    tx: Transaction, row: asyncpg.Record, channel: asyncpg.Record | None, to: str, now: datetime
) -> Rung:
    """Return the rung that a message goes by. Raises NotResendableError."""
    if row["state"] != MessageState.FAILED:
        raise NotResendableError(row["state"])
    if row["withdrawn_at"] is not None:
        raise NotResendableError(Stop.WITHDRAWN)
    if channel is None or not row["text"]:
        raise NotResendableError(row["code"] or row["state"])
    if not channel["sends"]:
        raise NotResendableError(Stop.CHANNEL_HALTED)
    address = PROVIDERS[row["provider"]].address_in(row["channel"], _identities(to))
    if address is None:
        raise NotResendableError(Stop.NO_ADDRESS)
    book = (await address_books(tx, {(row["desk"], address)}))[row["desk"]]
    rendered = Rendered(row["text"], row["language"], parts_of(row["parts"]))
    rung = Rung(
        max(row["rung"] + 1, channel["rung"]),
        channel["id"],
        row["channel"],
        row["provider"],
        address,
        rendered,
        bool(row["marketing"]),
    )
    if (barred := rung.barred(book, now)) is not None:
        raise NotResendableError(barred)
    return rung


def _identities(to: str) -> Identities:
    """Return what is known of who is at an address: an e-mail, or a phone number in any spelling."""
    if "@" in to:
        return Identities(email=to.strip())
    found = read_phone(to)
    return Identities(phone=found.e164 if found is not None and found.valid else None)
