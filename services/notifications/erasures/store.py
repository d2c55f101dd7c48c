"""What stands in place of providers' ids of messages once their customer is erased, and how late reports are known.

A provider's id leads to the customer, and often says who they are: some have the address itself in them, some the
number in base64. So no such id is kept. A digest under a key of ours stands in its place: a late report still finds
its message by it, and what is sent to us again is known. A digest alone could be guessed, for numbers are few; so
the key is destroyed as soon as reports are late no longer.
"""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TypeAlias
from uuid import UUID

from libs.common.platform.core import Core
from libs.common.platform.db import Connection, Transaction
from libs.common.platform.erasure.actions import LATE
from libs.common.platform.ids import uuid7
from services.notifications.erasures.rules import spared
from services.notifications.providers.values import Report

ERASED = "erased "
OFTEN = timedelta(days=3)  # one key for all erasures meanwhile: a report is tried with each key that there is
KEPT = OFTEN + LATE
NO_NAME = f"'{ERASED}' || gen_random_uuid()"  # by which nothing can be known

NEWEST = "SELECT key FROM forgotten_key ORDER BY made_at DESC, id DESC LIMIT 1"
MAKE = """
INSERT INTO forgotten_key (id, key, made_at)
SELECT $1, $2, $3 WHERE NOT EXISTS (SELECT FROM forgotten_key WHERE made_at > $3::timestamptz - $4::interval)
"""
DESTROY = """
DELETE FROM forgotten_key WHERE made_at < $1 AND NOT EXISTS (SELECT FROM erasure WHERE state <> 'done')
"""
KEYS = "SELECT key FROM forgotten_key ORDER BY made_at DESC, id DESC"
# Ids of messages are of an account: those of two bots may be the same.
KNOWN = """
SELECT t.hook_id, t.name FROM unnest($1::uuid[], $2::text[]) AS t (hook_id, name) JOIN channel h ON h.id = t.hook_id
WHERE EXISTS (SELECT FROM attempt a JOIN channel c ON c.id = a.channel_id
              WHERE a.provider_message_id = t.name AND c.account = h.account)
   OR EXISTS (SELECT FROM attempt a JOIN channel c ON c.id = a.channel_id
              WHERE a.reference = t.name AND a.provider_message_id IS NULL AND c.account = h.account)
   OR EXISTS (SELECT FROM channel c JOIN received_message r ON r.channel_id = c.id AND r.external_id = t.name
              WHERE c.account = h.account)
   OR EXISTS (SELECT FROM callback b WHERE b.channel_id = t.hook_id AND b.provider_message_id = t.name)
"""

Said: TypeAlias = tuple[UUID, str]  # the channel that was reported to, and a provider's id


def digest_of(column: str, key: str) -> str:
    """Return the SQL of the name of what had this id; the arguments are SQL."""
    return f"'{ERASED}' || encode(sha256({key} || convert_to({column}, 'UTF8')), 'hex')"


def name_of(column: str) -> str:
    """Return the SQL of the name that a provider's id gets; NULL if there is no key."""
    return digest_of(column, f"({NEWEST})")


def erased(column: str, taken: str = "false") -> str:
    """Return the SQL of what becomes of a provider's id; `taken`: another row stands under its name already."""
    kept = f"{column} IS NULL OR starts_with({column}, '{ERASED}')"
    named = f"coalesce({name_of(column)}, {NO_NAME})"
    return f"CASE WHEN {kept} THEN {column} WHEN {taken} THEN {NO_NAME} ELSE {named} END"


# Of a report that was stored under the provider's id after its message had lost it.
NAME_OF_REPORT = f"""(
    SELECT a.provider_message_id
    FROM forgotten_key k
    JOIN attempt a ON a.provider_message_id = {digest_of("callback.provider_message_id", "k.key")}
    JOIN channel c ON c.id = a.channel_id
    JOIN channel h ON h.account = c.account AND h.id = callback.channel_id
    LIMIT 1)
"""  # noqa: S608 - columns of our own


async def make_key(tx: Transaction, now: datetime) -> None:
    """Make a key if there is none of these days.

    It is there as soon as an erasure is noted: who has seen none ends before the first id goes.
    """
    await tx.conn.execute(MAKE, uuid7(), secrets.token_bytes(32), now, OFTEN)


async def destroy_keys(core: Core) -> None:
    """Destroy the keys by which nothing needs to be known any more."""
    await core.db.pool.execute(DESTROY, core.clock.now() - KEPT)


@dataclass(frozen=True, slots=True)
class Names:
    """The names that stand for ids of messages of erased customers, and the key of those to come."""

    key: bytes
    known: Mapping[Said, str]

    def spare(self, hook_id: UUID, report: Report) -> Report:
        """Return a report as it is kept, which is as it came unless its message is of an erased customer.

        One that is known by our own key alone gives its message a name.
        """
        name = self.known.get((hook_id, report.external_id))
        reference = self.known.get((hook_id, report.reference)) if report.reference else None
        if name is None and reference is None:
            return report
        return spared(report, name or _name(self.key, report.external_id), reference)


async def names_of_erased(conn: Connection, said: Collection[Said]) -> Names | None:
    """Return what is known of reported ids; None when none is of an erased customer, as nearly always."""
    keys = [bytes(row["key"]) for row in await conn.fetch(KEYS)] if said else []
    tried = {(hook_id, _name(key, text)): (hook_id, text) for hook_id, text in said for key in keys}
    rows = await conn.fetch(KNOWN, [one for one, _ in tried], [name for _, name in tried]) if tried else []
    return Names(keys[0], {tried[row["hook_id"], row["name"]]: row["name"] for row in rows}) if rows else None


def _name(key: bytes, text: str) -> str:
    return ERASED + sha256(key + text.encode()).hexdigest()
