"""The consumer's statements: insert event ids, find blocked keys, park."""

from collections.abc import Collection, Iterable, Sequence
from operator import attrgetter
from typing import Literal, TypeAlias
from uuid import UUID

from libs.common.messaging.inbox.errors import waits_for
from libs.common.messaging.inbox.incoming import Broken, Incoming, storable
from libs.common.platform.db import Transaction
from libs.common.platform.db.bulk import Bulk
from libs.common.platform.telemetry.masking import mask

MAX_ERROR = 2_000  # characters

Open: TypeAlias = Literal["blocked", "failed"]
Place: TypeAlias = tuple[str, str]  # topic, key

_OPEN = "('blocked', 'failed', 'retrying')"

_IDS: Bulk[Incoming | Broken] = Bulk(
    "inbox", (("day", "date", attrgetter("day")), ("event_id", "uuid", attrgetter("event_id")))
)
# Sorted, so that a consumer that lost its partitions and the new owner cannot deadlock.
_CLAIM = f"""
{_IDS.insert()} ORDER BY day, event_id
ON CONFLICT DO NOTHING
RETURNING event_id, (SELECT EXISTS (SELECT 1 FROM parked WHERE state IN {_OPEN})) AS any_parked
"""  # noqa: S608 - a constant
_BLOCKED = f"""
SELECT DISTINCT topic, key FROM parked
WHERE state IN {_OPEN} AND (topic, key) IN (SELECT * FROM unnest($1::text[], $2::text[]))
"""  # noqa: S608 - a constant
_PARK = """
INSERT INTO parked (topic, partition, "offset", event_id, type, key, sequence, desk, time, headers, body,
                    error_type, error, attempts, state, waits_for)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
ON CONFLICT (event_id) DO NOTHING
"""


async def claim(tx: Transaction, items: Sequence[Incoming | Broken]) -> tuple[set[UUID], set[Place]]:
    """Insert the ids; return the new ones, and the (topic, key) pairs that a parked event blocks."""
    rows = await tx.conn.fetch(_CLAIM, *_IDS.arrays(items))
    fresh = {row["event_id"] for row in rows}
    # A repeat may have waited for another consumer's commit, which this statement's snapshot cannot see.
    doubtful = len(fresh) < len(items) or (rows and rows[0]["any_parked"])
    return fresh, await _blocked(tx, {place(item) for item in items}) if fresh and doubtful else set()


async def park(tx: Transaction, item: Incoming | Broken, state: Open, error: Exception | None) -> None:
    """Park an event with its record unchanged."""
    record = item.record
    await tx.conn.execute(
        _PARK,
        record.topic,
        record.partition,
        record.offset,
        item.event_id,
        item.type,
        item.key,
        item.sequence,
        item.desk,
        item.time,
        [[storable(name.encode()), storable(value)] for name, value in record.headers],
        record.value or b"",
        type(error).__name__ if error else None,
        readable(error) if error else None,
        int(error is not None),
        state,
        waits_for(error),
    )


def place(item: Incoming | Broken) -> Place:
    """Return topic and key: the unit that a parked event blocks."""
    return item.record.topic, item.key


def readable(error: Exception) -> str:
    """Return an error's text without personal data, short enough to be shown."""
    text = mask(str(error))[:MAX_ERROR].replace("\x00", "\\x00")
    return text.encode("utf-8", "backslashreplace").decode() or type(error).__name__


async def _blocked(tx: Transaction, places: Collection[Place]) -> set[Place]:
    rows = await tx.conn.fetch(_BLOCKED, *_columns(places))
    return {(row["topic"], row["key"]) for row in rows}


def _columns(places: Iterable[Place]) -> tuple[list[str], list[str]]:
    listed = list(places)
    return [topic for topic, _ in listed], [key for _, key in listed]
