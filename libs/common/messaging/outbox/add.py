"""Put events into the outbox inside the caller's transaction (docs/adr/0002).

The stream rows are locked and incremented before the outbox ids are drawn, so ids of one key ascend in commit
order. The new version is the event's `ce_sequence`.
"""

from collections.abc import Sequence
from operator import attrgetter

from pydantic_core import to_json

from libs.common.contracts.envelope import MAX_KEY, Outgoing
from libs.common.platform.db import Transaction
from libs.common.platform.db.bulk import Bulk
from libs.common.platform.db.together import Together, Write
from libs.common.platform.ids import uuid7

MAX_BODY = 512 * 1024  # bytes; half of the broker's default limit for one record


class UnsendableEventError(ValueError):
    """An event that no broker would take: refused before it can block its key."""


def encoded(event: Outgoing) -> bytes:
    """Return the payload as JSON bytes. Raises UnsendableEventError when it is too large."""
    body = to_json(event.data)
    if len(body) > MAX_BODY:
        raise UnsendableEventError(f"{event.data.event_type} of {event.key} has {len(body)} bytes, over {MAX_BODY}")
    return body


def _checked_key(event: Outgoing) -> str:
    key = event.key
    if not key or len(key) > MAX_KEY or "\x00" in key:
        raise UnsendableEventError(f"bad event key {key[:MAX_KEY]!r}")
    return key


EVENTS: Bulk[Outgoing] = Bulk(
    "outbox",
    (
        ("event_id", "uuid", lambda event: event.event_id or uuid7()),
        ("type", "text", attrgetter("data.event_type")),
        ("key", "text", _checked_key),
        ("desk", "text", attrgetter("desk")),
        ("time", "timestamptz", attrgetter("time")),
        ("correlation_id", "uuid", attrgetter("cause.correlation_id")),
        ("causation_id", "uuid", attrgetter("cause.causation_id")),
        ("traceparent", "text", attrgetter("cause.traceparent")),
        ("body", "bytea", encoded),
    ),
)
_GIVEN = f"SELECT * FROM unnest({EVENTS.parameters()}) WITH ORDINALITY AS t({EVENTS.names}, n)"  # noqa: S608 - columns of our own
_BUMPED = """
INSERT INTO stream AS s (key, version)
SELECT key, count(*) FROM outgoing GROUP BY key ORDER BY key
ON CONFLICT (key) DO UPDATE SET version = s.version + excluded.version
RETURNING key, version
"""
_SENT = """
INSERT INTO outbox (event_id, type, key, sequence, desk, time, correlation_id, causation_id, traceparent, body)
SELECT i.event_id, i.type, i.key,
       b.version - count(*) OVER (PARTITION BY i.key) + row_number() OVER (PARTITION BY i.key ORDER BY i.n),
       i.desk, i.time, i.correlation_id, i.causation_id, i.traceparent, i.body
FROM outgoing i JOIN bumped b USING (key)
ORDER BY i.n
"""
_PARTS = (("outgoing", _GIVEN), ("bumped", _BUMPED), ("sent", _SENT))
ADD = Write("outbox", _PARTS, len(EVENTS.columns))


async def add(tx: Transaction, events: Sequence[Outgoing]) -> None:
    """Store events in the caller's transaction; never commits. Raises UnsendableEventError."""
    writes = Together()
    add_to(writes, tx, events)
    await writes.run(tx.conn)


def add_to(writes: Together, tx: Transaction, events: Sequence[Outgoing]) -> None:
    """Store events by the statement that runs `writes` in the caller's transaction. Raises UnsendableEventError."""
    if not events:
        return
    writes.add(ADD, *EVENTS.arrays(events))
    if tx.wake_relay is not None:
        tx.after_commit("relay", tx.wake_relay)
