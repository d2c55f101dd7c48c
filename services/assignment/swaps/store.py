"""SQL of swaps."""

from collections.abc import Sequence
from uuid import UUID

from asyncpg import Record

from libs.common.platform.db import Connection
from services.assignment.swaps.rules import Shift

# In id order, so that two who accept swaps of the same shifts do not wait for each other.
SHIFTS = """
SELECT p.*, o.subject FROM planned_shift p JOIN operator o ON o.id = p.operator_id
WHERE p.id = ANY($1::uuid[]) ORDER BY p.id FOR UPDATE OF p
"""
FIT = "SELECT EXISTS (SELECT FROM operator WHERE id = $1 AND active AND $2 = ANY (desks))"
ADD = """
INSERT INTO swap (id, desk, from_operator_id, to_operator_id, planned_id, in_return_id, comment, state, expires_at,
                  version, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'asked', $8, 1, $9)
ON CONFLICT (planned_id, to_operator_id) WHERE state = 'asked' DO NOTHING RETURNING id
"""
SAME = "SELECT id FROM swap WHERE planned_id = $1 AND to_operator_id = $2 AND state = 'asked'"
OWN = """
SELECT s.*, a.subject AS asker, b.subject AS other
FROM swap s JOIN operator a ON a.id = s.from_operator_id JOIN operator b ON b.id = s.to_operator_id
WHERE s.id = $1 FOR UPDATE OF s
"""
ANSWER = """
UPDATE swap SET state = $2, answered_at = $3, answered_by = $4, version = version + 1 WHERE id = $1
"""
# Of no operator two shifts are planned at once: who plans one for them waits.
PEOPLE = "SELECT id FROM operator WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE"
SUBJECT = "SELECT subject FROM operator WHERE id = $1"
CANCEL = "UPDATE planned_shift SET state = 'cancelled', version = version + 1 WHERE id = ANY($1::uuid[])"
ABSENT = """
SELECT EXISTS (SELECT FROM absence WHERE operator_id = $1 AND state IN ('planned', 'under_way')
                 AND starts_at < $3 AND ends_at > $2)
"""
EXPIRE = """
UPDATE swap s SET state = 'expired', answered_at = $1, version = version + 1
WHERE s.state = 'asked' AND (
    s.expires_at <= $1
    OR NOT EXISTS (SELECT FROM planned_shift p WHERE p.id = s.planned_id AND p.state = 'planned'
                     AND p.operator_id = s.from_operator_id)
    OR (s.in_return_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM planned_shift p WHERE p.id = s.in_return_id AND p.state = 'planned'
          AND p.operator_id = s.to_operator_id)))
"""


async def locked(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, Record]:
    """Lock planned shifts and return them by id, with the subject of each one's operator."""
    return {row["id"]: row for row in await conn.fetch(SHIFTS, list(ids))}


def shift_of(row: Record | None) -> Shift | None:
    """Return a planned shift as the rules look at it."""
    if row is None:
        return None
    return Shift(row["operator_id"], row["desk"], row["starts_at"], row["state"] == "planned")
