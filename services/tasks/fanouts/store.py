"""The SQL of fan-outs: how many processes an event is for, the event as a job, its commands."""

from collections.abc import Collection, Sequence
from uuid import UUID

import asyncpg
from pydantic_core import to_json

from libs.common.contracts import REGISTRY, Cause, EventData, Received
from libs.common.platform.db import Connection
from libs.common.platform.ids import uuid7

COUNT = """
SELECT s.id, p.playbook, p.playbook_version, p.subject_id IS NOT DISTINCT FROM s.id AS own, count(*) AS processes
FROM unnest($1::uuid[]) AS s(id)
JOIN process p ON p.ended_at IS NULL AND (p.subject_id = s.id OR p.customer_id = s.id)
GROUP BY 1, 2, 3, 4
"""
UNDER_WAY = "SELECT DISTINCT key FROM fanout WHERE key = ANY($1::text[])"
INSERT = """
INSERT INTO fanout
    (desk, event_id, type, key, sequence, time, correlation_id, causation_id, traceparent, body, until_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
# Of one key the jobs are spread in order, so that a process has its commands in order.
TO_SPREAD = """
SELECT * FROM fanout f WHERE spread_at IS NULL
    AND NOT EXISTS (SELECT FROM fanout e WHERE e.key = f.key AND e.number < f.number AND e.spread_at IS NULL)
ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED
"""
TARGETS = """
SELECT id, playbook, playbook_version, subject_id IS NOT DISTINCT FROM $1 AS own FROM process
WHERE ended_at IS NULL AND (subject_id = $1 OR customer_id = $1) AND ($2::uuid IS NULL OR id > $2) AND id < $3
ORDER BY id LIMIT $4
"""
COMMAND = """
INSERT INTO fanout_command (fanout, process_id, desk) SELECT $1, unnest($2::uuid[]), $3 ON CONFLICT DO NOTHING
"""
SPREAD = "UPDATE fanout SET after_id = coalesce($2, after_id), spread_at = $3 WHERE number = $1"
# Process and command are both locked: a command that another worker has carried out meanwhile is gone.
CLAIM = """
SELECT c.process_id, f.* FROM fanout_command c
JOIN fanout f ON f.number = c.fanout JOIN process p ON p.id = c.process_id
WHERE c.set_aside_at IS NULL AND ($2::bigint IS NULL OR (c.fanout, c.process_id) = ($2, $3::uuid))
    AND NOT EXISTS (SELECT FROM fanout_command e WHERE e.process_id = c.process_id AND e.fanout < c.fanout)
ORDER BY c.process_id LIMIT $1 FOR NO KEY UPDATE OF c, p SKIP LOCKED
"""
READY = """
SELECT c.fanout, c.process_id FROM fanout_command c
WHERE c.set_aside_at IS NULL
    AND NOT EXISTS (SELECT FROM fanout_command e WHERE e.process_id = c.process_id AND e.fanout < c.fanout)
ORDER BY c.process_id LIMIT $1
"""
CARRIED_OUT = """
DELETE FROM fanout_command c USING unnest($1::bigint[], $2::uuid[]) AS d (fanout, process_id)
WHERE c.fanout = d.fanout AND c.process_id = d.process_id
"""
OVER = """
DELETE FROM fanout f WHERE spread_at IS NOT NULL
    AND NOT EXISTS (SELECT FROM fanout_command c WHERE c.fanout = f.number)
"""
SET_ASIDE = "UPDATE fanout_command SET set_aside_at = $3 WHERE fanout = $1 AND process_id = $2"
TRY_AGAIN = "UPDATE fanout_command SET set_aside_at = NULL WHERE set_aside_at IS NOT NULL"


async def count(conn: Connection, subjects: Collection[UUID]) -> list[asyncpg.Record]:
    """Return how many live processes of each playbook version are about subjects, or about their leads."""
    return await conn.fetch(COUNT, list(subjects))


async def under_way(conn: Connection, keys: Collection[str]) -> set[str]:
    """Return the keys of which an event is still being given out."""
    return {row["key"] for row in await conn.fetch(UNDER_WAY, list(keys))}


async def add(conn: Connection, event: Received[EventData]) -> None:
    """Store an event as a job."""
    head = event.desk, event.event_id, event.data.event_type, event.key, event.sequence, event.time
    await conn.execute(INSERT, *head, *event.cause, to_json(event.data), uuid7())


def read_event(row: asyncpg.Record) -> Received[EventData]:
    """Return the event of a job."""
    cause = Cause(row["correlation_id"], row["causation_id"], row["traceparent"])
    data = REGISTRY[row["type"]].model_validate_json(row["body"])
    return Received(row["event_id"], row["key"], row["desk"], row["time"], row["sequence"], cause, data)


async def carried_out(conn: Connection, commands: Sequence[tuple[int, UUID]]) -> None:
    """Remove commands, and the jobs that have none left."""
    await conn.execute(CARRIED_OUT, [number for number, _ in commands], [process for _, process in commands])
