"""SQL of lateness."""

from datetime import datetime

from libs.common.platform.db import Connection
from libs.common.platform.ids import uuid7
from services.assignment.lateness.rules import Verdict

RECENT_DAYS = 7  # a worker that has not run for longer records no more of it
# What a planned absence covers at its start is announced beforehand, and is none.
BEGUN = """
SELECT p.id, p.desk, p.operator_id, p.starts_at, p.ends_at, p.announced_at IS NOT NULL AS announced
FROM attendance_rule r JOIN planned_shift p ON p.desk = r.desk
WHERE jsonb_typeof(r.rules->'lateness') = 'object'
  AND p.starts_at >= greatest(r.since, $1::timestamptz - make_interval(days => $2))
  AND p.starts_at + make_interval(mins => (r.rules->'lateness'->>'grace')::int)
      <= least($1, coalesce(p.came_at, $1))
  AND p.state <> 'cancelled'
  AND NOT EXISTS (SELECT FROM lateness l WHERE l.planned_id = p.id)
  AND NOT EXISTS (SELECT FROM absence a WHERE a.operator_id = p.operator_id AND a.state <> 'cancelled'
                    AND a.starts_at <= p.starts_at AND a.ends_at > p.starts_at)
ORDER BY p.starts_at, p.id
"""
OPEN = """
INSERT INTO lateness (id, desk, operator_id, planned_id, starts_at, ends_at, state, announced, repeated, version)
VALUES ($1, $2, $3, $4, $5, $6, 'open', $7, false, 1) ON CONFLICT (planned_id) DO NOTHING
"""
# In the order in which they count.
SETTLING = """
SELECT l.*, p.came_at, p.state AS planned_state
FROM lateness l LEFT JOIN planned_shift p ON p.id = l.planned_id
WHERE l.state = 'open' AND (p.id IS NULL OR p.state = 'cancelled' OR p.came_at IS NOT NULL OR l.ends_at <= $1)
ORDER BY l.starts_at, l.id FOR UPDATE OF l
"""
BEFORE = """
SELECT count(*) FROM lateness
WHERE operator_id = $1 AND desk = $2 AND starts_at >= $3 AND starts_at < $4 AND state <> 'open' AND NOT announced
  AND excused_at IS NULL
"""
SETTLE = """
UPDATE lateness SET state = $2, minutes = $3, number = $4, step = $5, amount = $6, currency = $7, repeated = $8,
    settled_at = $9, version = version + 1
WHERE id = $1
"""
NONE = "DELETE FROM lateness WHERE id = $1"
OWN = "SELECT * FROM lateness WHERE id = $1 FOR UPDATE"
EXCUSE = """
UPDATE lateness SET excused_at = $2, excused_by = $3, excuse = $4, version = version + 1 WHERE id = $1
"""


async def open_begun(conn: Connection, now: datetime) -> None:
    """Open a lateness of each planned shift that has begun without its operator."""
    found = [
        (uuid7(), row["desk"], row["operator_id"], row["id"], row["starts_at"], row["ends_at"], row["announced"])
        for row in await conn.fetch(BEGUN, now, RECENT_DAYS)
    ]
    if found:
        await conn.executemany(OPEN, found)


async def settle(conn: Connection, row: object, verdict: Verdict, currency: str, now: datetime) -> None:
    """Write what the rule has made of a lateness."""
    step = verdict.step
    fined = step.amount if step is not None else None
    await conn.execute(
        SETTLE,
        row,
        verdict.state.value,
        verdict.minutes,
        verdict.number,
        step.kind.value if step is not None else None,
        fined,
        currency if fined is not None else None,
        verdict.repeated,
        now,
    )
