"""Put events into the outbox inside the caller's transaction (docs/adr/0002).

The stream rows are locked and bumped before the outbox ids are drawn, so ids of one key ascend in commit
order whatever the caller did before; the new version is the event's `ce_sequence`.
"""

from collections.abc import Sequence

from pydantic_core import to_json

from libs.common.contracts.envelope import MAX_KEY, Outgoing
from libs.common.platform.db import Transaction
from libs.common.platform.ids import uuid7

MAX_BODY = 512 * 1024  # bytes; half of the broker's default limit for one record

ADD = """
WITH input AS (
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::uuid[],
                         $7::uuid[], $8::text[], $9::bytea[])
        WITH ORDINALITY AS t(event_id, type, key, desk, time, correlation_id, causation_id, traceparent, body, n)
), bumped AS (
    INSERT INTO stream AS s (key, version)
    SELECT key, count(*) FROM input GROUP BY key ORDER BY key
    ON CONFLICT (key) DO UPDATE SET version = s.version + excluded.version
    RETURNING key, version
)
INSERT INTO outbox (event_id, type, key, sequence, desk, time, correlation_id, causation_id, traceparent, body)
SELECT i.event_id, i.type, i.key,
       b.version - count(*) OVER (PARTITION BY i.key) + row_number() OVER (PARTITION BY i.key ORDER BY i.n),
       i.desk, i.time, i.correlation_id, i.causation_id, i.traceparent, i.body
FROM input i JOIN bumped b USING (key)
ORDER BY i.n
"""


class UnsendableEventError(ValueError):
    """An event that no broker would take: refused before it can block its key."""


async def add(tx: Transaction, events: Sequence[Outgoing]) -> None:
    """Store events in the caller's transaction; never commits. Raises UnsendableEventError."""
    if not events:
        return
    await tx.conn.execute(
        ADD,
        [event.event_id or uuid7() for event in events],
        [event.data.event_type for event in events],
        [_checked_key(event.key) for event in events],
        [event.desk for event in events],
        [event.time for event in events],
        [event.cause.correlation_id for event in events],
        [event.cause.causation_id for event in events],
        [event.cause.traceparent for event in events],
        [encoded(event) for event in events],
    )
    if tx.wake_relay is not None:
        tx.after_commit("relay", tx.wake_relay)


def encoded(event: Outgoing) -> bytes:
    """Return the payload as JSON bytes. Raises UnsendableEventError when it is too large."""
    body = to_json(event.data)
    if len(body) > MAX_BODY:
        raise UnsendableEventError(f"{event.data.event_type} of {event.key} has {len(body)} bytes, over {MAX_BODY}")
    return body


def _checked_key(key: str) -> str:
    if not key or len(key) > MAX_KEY or "\x00" in key:
        raise UnsendableEventError(f"bad event key {key[:MAX_KEY]!r}")
    return key
