"""SQL of addresses: what providers and customers say of them is remembered, in the caller's transaction."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never
from uuid import UUID

from libs.common.platform.db import Transaction
from services.notifications.addresses.rules import UNREACHABLE_FOR, AddressBook, Known, plain
from services.notifications.providers.values import Remember

UNREACHABLE = """
INSERT INTO address (desk, kind, address, unreachable_until, opted_out, opted_out_of_marketing, code, changed_at)
VALUES ($1, $2, $3, $4, false, false, $5, $6)
ON CONFLICT (desk, kind, address) DO UPDATE
SET unreachable_until = excluded.unreachable_until, code = excluded.code, changed_at = excluded.changed_at
"""
# NULL leaves a wish as it is.
WISH = """
INSERT INTO address AS a (desk, kind, address, opted_out, opted_out_of_marketing, opted_at, code, changed_at)
VALUES ($1, $2, $3, coalesce($4, false), coalesce($5, false), $6, $7, $8)
ON CONFLICT (desk, kind, address) DO UPDATE
SET opted_out = coalesce($4, a.opted_out), opted_out_of_marketing = coalesce($5, a.opted_out_of_marketing),
    opted_at = excluded.opted_at, code = excluded.code, changed_at = excluded.changed_at
WHERE a.opted_at IS NULL OR a.opted_at <= excluded.opted_at
"""
# Nearly always there is none; the rows are locked in their order.
REACHED = """
UPDATE address a SET unreachable_until = NULL, code = '', changed_at = $4
FROM (SELECT desk, kind, address
      FROM address JOIN unnest($1::text[], $2::text[], $3::text[]) AS t (desk, kind, address)
                        USING (desk, kind, address)
      WHERE unreachable_until IS NOT NULL
      ORDER BY desk, kind, address FOR UPDATE OF address) found
WHERE a.desk = found.desk AND a.kind = found.kind AND a.address = found.address
"""
HEARD = """
INSERT INTO conversation AS c (desk, channel_id, address, heard_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (channel_id, address) DO UPDATE SET heard_at = greatest(c.heard_at, excluded.heard_at)
"""
CLOSED = "DELETE FROM conversation WHERE channel_id = $1 AND address = $2"
KNOWN = """
SELECT desk, kind, address, unreachable_until, opted_out, opted_out_of_marketing
FROM address JOIN unnest($1::text[], $2::text[]) AS t (desk, address) USING (desk, address)
"""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """An address as one channel knows it."""

    desk: str
    kind: str
    address: str
    channel_id: UUID


@dataclass(frozen=True, slots=True)
class Heard:
    """What was said of an address: by its customer, or by a provider with its `code`."""

    place: Place
    what: Remember
    code: str
    at: datetime


async def remember(tx: Transaction, found: Sequence[Heard], now: datetime) -> None:
    """Remember what was said, in the order of the addresses, so that two transactions do not wait in a circle."""
    for one in sorted(found, key=lambda one: (one.place, one.at)):
        await _remember(tx, one, now)


async def reached(tx: Transaction, places: Collection[Place], now: datetime) -> None:
    """Take back that addresses are unreachable: a message has arrived there, or came from there."""
    keys = sorted({(place.desk, place.kind, plain(place.address)) for place in places})
    if keys:
        await tx.conn.execute(REACHED, *(list(column) for column in zip(*keys, strict=True)), now)


async def wrote(tx: Transaction, places: Sequence[tuple[Place, datetime]]) -> None:
    """Keep when customers wrote."""
    rows = sorted((place.desk, place.channel_id, plain(place.address), at) for place, at in places)
    if rows:
        await tx.conn.executemany(HEARD, rows)


async def address_books(tx: Transaction, wanted: Collection[tuple[str, str]]) -> dict[str, AddressBook]:
    """Return, by desk, what is known of addresses; `wanted`: desks with an address each, of any kind."""
    pairs = sorted({(desk, plain(address)) for desk, address in wanted})
    desks: dict[str, dict[tuple[str, str], Known]] = {desk: {} for desk, _ in pairs}
    rows = await tx.conn.fetch(KNOWN, [desk for desk, _ in pairs], [address for _, address in pairs])
    for desk, kind, address, *known in rows:
        desks[desk][(kind, address)] = Known(*known)
    return {desk: AddressBook(known) for desk, known in desks.items()}


async def _remember(tx: Transaction, one: Heard, now: datetime) -> None:
    key = (one.place.desk, one.place.kind, plain(one.place.address))
    match one.what:
        case Remember.UNREACHABLE | Remember.INVALID:
            await tx.conn.execute(UNREACHABLE, *key, now + UNREACHABLE_FOR, one.code, now)
        case Remember.OPTED_OUT:
            await tx.conn.execute(WISH, *key, True, None, one.at, one.code, now)
        case Remember.OPTED_OUT_OF_MARKETING:
            await tx.conn.execute(WISH, *key, None, True, one.at, one.code, now)
        case Remember.OPTED_IN:
            await tx.conn.execute(WISH, *key, False, False, one.at, one.code, now)
        case Remember.WINDOW_CLOSED:
            await tx.conn.execute(CLOSED, one.place.channel_id, key[2])
        case _:
            assert_never(one.what)
