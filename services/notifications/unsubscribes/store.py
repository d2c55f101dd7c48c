"""SQL of the ends of advertisements, and how they are heard: as a switch at a provider is."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from libs.common.messaging import outbox
from libs.common.platform.db import Transaction
from services.notifications.addresses.convert import switched_event
from services.notifications.addresses.rules import plain
from services.notifications.addresses.store import Heard, Place, remember
from services.notifications.providers.values import ChannelKind, Remember

#: The code that is kept with the address.
SAID = "unsubscribed"
#: The kinds of channels whose advertisements have a link.
KINDS = [ChannelKind.EMAIL.value]
_OF = """
SELECT a.desk, a.address, a.channel_id, c.kind, c.provider
FROM attempt a JOIN message m ON m.id = a.message_id JOIN channel c ON c.id = a.channel_id
"""
# Only an advertisement had the link.
BY_LINK = f"{_OF} WHERE a.id = $1 AND m.marketing AND c.kind = ANY($2::text[])"
OVER = "SELECT opted_out_of_marketing FROM address WHERE desk = $1 AND kind = $2 AND address = $3"
BY_COMPLAINT = f"{_OF} WHERE a.id = $2::uuid AND a.channel_id = $1 AND c.kind = ANY($3::text[])"


async def complained_of(tx: Transaction, complaints: Sequence[tuple[UUID, str]]) -> Sequence[asyncpg.Record]:
    """Return the attempts that complaints are about, by their channel and our name for the mail."""
    # A mail's name is its attempt's id.
    named = [(channel_id, UUID(name)) for channel_id, name in complaints if len(name) == 32]
    found = [await tx.conn.fetchrow(BY_COMPLAINT, *one, KINDS) for one in named]
    return [row for row in found if row is not None]


async def end_advertisements(
    tx: Transaction, attempts: Sequence[asyncpg.Record], now: datetime, traceparent: str | None
) -> None:
    """Send no more of them to who got these, by any channel; again, nothing changes. Who is erased gets none."""
    for row in attempts:
        if not row["address"]:
            continue
        place = Place(row["desk"], row["kind"], row["address"], row["channel_id"])
        if await tx.conn.fetchval(OVER, place.desk, place.kind, plain(place.address)):
            continue
        heard = Heard(place, Remember.OPTED_OUT_OF_MARKETING, SAID, now)
        await remember(tx, [heard], now)
        event = switched_event(heard, row["provider"], now, traceparent)
        await outbox.add(tx, [] if event is None else [event])
