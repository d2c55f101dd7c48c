"""SQL of pauses."""

from datetime import datetime

from libs.common.platform.db import Connection
from libs.common.platform.ids import uuid7
from services.assignment.pools.rules import OperatorId

CODES = """
SELECT r.code FROM pause_reason r JOIN operator o ON o.desk = r.desk WHERE o.id = $1 AND r.active ORDER BY r.code
"""
END = """
UPDATE pause SET ended_at = greatest($2, started_at)
WHERE operator_id = $1 AND ended_at IS NULL AND NOT ($3 AND reason IS NOT DISTINCT FROM $4)
"""
BEGIN = """
INSERT INTO pause (id, desk, operator_id, reason, started_at) SELECT $2, desk, id, $4, $3
FROM operator WHERE id = $1
ON CONFLICT (operator_id) WHERE ended_at IS NULL DO NOTHING
"""
# Over the limit of one pause, or of all pauses of its reason since the shift began.
_OVER = """
p.ended_at IS NULL AND p.over_at IS NULL AND r.desk = p.desk AND r.code = p.reason AND r.active
  AND (p.started_at + make_interval(mins => r.minutes) <= $1
       OR (SELECT sum(coalesce(a.ended_at, $1) - a.started_at) FROM pause a
           WHERE a.operator_id = p.operator_id AND a.reason = p.reason AND a.started_at >= (
               SELECT s.started_at FROM shift s WHERE s.operator_id = p.operator_id AND s.ended_at IS NULL)
          ) >= make_interval(mins => r.shift_minutes))
"""
FIND_OVER = f"UPDATE pause p SET over_at = $1 FROM pause_reason r WHERE {_OVER}"  # noqa: S608 - constants
ARE_OVER = f"EXISTS (SELECT FROM pause p, pause_reason r WHERE {_OVER})"
REASONS = "SELECT * FROM pause_reason WHERE desk = $1 AND active ORDER BY code"
LIST = """
SELECT * FROM pause_reason
WHERE active AND ($1::text[] IS NULL OR desk = ANY($1)) AND ($2::text IS NULL OR (desk, code) > ($2, $3))
ORDER BY desk, code LIMIT $4
"""
WRITE = """
INSERT INTO pause_reason (desk, code, title, paid, minutes, shift_minutes) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (desk, code) DO UPDATE SET title = excluded.title, paid = excluded.paid, minutes = excluded.minutes,
    shift_minutes = excluded.shift_minutes, active = true
"""
RETIRE = "UPDATE pause_reason SET active = false WHERE desk = $1 AND code = $2"


async def follow(conn: Connection, who: OperatorId, now: datetime, *, paused: bool, reason: str | None) -> None:
    """Keep when an operator pauses and for which reason; another reason is another pause."""
    await conn.execute(END, who, now, paused, reason)
    if paused:
        await conn.execute(BEGIN, who, uuid7(), now, reason)


async def codes_for(conn: Connection, who: OperatorId) -> list[str]:
    """Return the codes of the reasons that an operator's home desk allows; none = they pause in their own words."""
    return [row["code"] for row in await conn.fetch(CODES, who)]
