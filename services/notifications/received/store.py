"""SQL that stores what was written, each message once, and publishes it in the caller's transaction."""

from collections.abc import Sequence
from operator import attrgetter

import asyncpg

from libs.common.messaging import outbox
from libs.common.platform.db import Transaction
from libs.common.platform.db.bulk import Bulk
from libs.common.platform.ids import uuid7
from services.notifications.addresses.store import Heard, remember
from services.notifications.conversations.store import Thread, refresh
from services.notifications.media.store import expect
from services.notifications.providers.registry import PROVIDERS
from services.notifications.providers.values import Remember
from services.notifications.received.convert import Arrived, Kept, received_event

#: What `address` says of a wish that a stop word was.
STOP_CODE = "stop_word"
# Where an account has one webhook for all its channels, a message is of the channel that it names, if we have that
# one. Elsewhere a name alone proves nothing: another desk may have entered it as its own.
CHANNELS = """
SELECT c.*
FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS t (hook_id, sender, n)
JOIN channel h ON h.id = t.hook_id
JOIN LATERAL (
    SELECT c.id, c.desk, c.code, c.kind, c.provider, c.stop_words
    FROM channel c
    WHERE c.id = h.id
       OR (c.provider_channel_id = t.sender AND c.account = h.account AND h.provider = ANY($3::text[]))
    ORDER BY (c.provider_channel_id = t.sender) IS TRUE DESC, c.id = h.id DESC, c.active DESC, c.id LIMIT 1
) c ON true
ORDER BY t.n
"""
ONE_WEBHOOK = [code for code, adapter in PROVIDERS.items() if adapter.one_webhook]
KEPT: Bulk[Kept] = Bulk(
    "received_message",
    (
        ("id", "uuid", attrgetter("id")),
        ("desk", "text", lambda kept: kept.channel["desk"]),
        ("channel_id", "uuid", lambda kept: kept.channel["id"]),
        ("external_id", "text", attrgetter("arrived.external_id")),
        ("direction", "text", attrgetter("arrived.direction")),
        ("known_by", "jsonb", attrgetter("arrived.written.known_by")),
        *(
            (name, kind, attrgetter(f"arrived.written.{name}"))
            for name, kind in (
                ("name", "text"),
                ("content", "text"),
                ("text", "text"),
                ("button", "text"),
                ("media", "jsonb"),
                ("reply_to", "text"),
            )
        ),
        ("address_id", "uuid", attrgetter("address_id")),
        ("stop", "bool", attrgetter("stop")),
        ("at", "timestamptz", attrgetter("arrived.at")),
        ("received_at", "timestamptz", attrgetter("arrived.received_at")),
    ),
)
STORE = f"{KEPT.insert()} ORDER BY channel_id, external_id ON CONFLICT DO NOTHING RETURNING id"


async def receive(tx: Transaction, arrived: Sequence[Arrived]) -> None:
    """Store messages and publish those that were not known."""
    if not arrived:
        return
    channels: Sequence[asyncpg.Record] = await tx.conn.fetch(
        CHANNELS, [one.hook_id for one in arrived], [one.sender for one in arrived], ONE_WEBHOOK
    )
    kept = [Kept(uuid7(), channel, one) for channel, one in zip(channels, arrived, strict=True)]
    fresh = {row["id"] for row in await tx.conn.fetch(STORE, *KEPT.arrays(kept))}
    new = sorted((one for one in kept if one.id in fresh), key=attrgetter("arrived.at"))
    await _remember_stops(tx, new)
    await refresh(tx, [Thread(one.address_id, one.channel["desk"]) for one in new])
    await expect(tx, [one.files for one in new])
    await outbox.add(tx, [received_event(one) for one in new])


async def _remember_stops(tx: Transaction, new: Sequence[Kept]) -> None:
    """Write nothing more of advertisements to who said a stop word."""
    stops = [one for one in new if one.stop]
    if stops:
        wish = Remember.OPTED_OUT_OF_MARKETING
        heard = [Heard(one.place, wish, STOP_CODE, one.arrived.at) for one in stops]
        await remember(tx, heard, max(one.arrived.received_at for one in stops))
