"""SQL of the rules of attendance."""

from datetime import datetime

from libs.common.platform.db import Connection
from services.assignment.attendance.rules import NONE, Attendance
from services.assignment.attendance.schemas import AttendancePart

READ = "SELECT rules FROM attendance_rule WHERE desk = $1"
# What was late before the desk had a rule for it stays without one.
WRITE = """
INSERT INTO attendance_rule AS r (desk, rules, since) VALUES ($1, $2, $3)
ON CONFLICT (desk) DO UPDATE SET rules = excluded.rules,
    since = CASE WHEN r.rules->>'lateness' IS NULL THEN excluded.since ELSE r.since END
"""


async def read_part(conn: Connection, desk: str) -> AttendancePart | None:
    """Return the rules of a desk as they were given; None: none were."""
    stored = await conn.fetchval(READ, desk)
    return None if stored is None else AttendancePart.model_validate(stored)


async def attendance_of(conn: Connection, desk: str) -> Attendance:
    """Return the rules of a desk."""
    part = await read_part(conn, desk)
    return NONE if part is None else part.rule()


async def write_part(conn: Connection, desk: str, part: AttendancePart, now: datetime) -> None:
    """Store the rules of a desk; they hold from now on."""
    await conn.execute(WRITE, desk, part.model_dump(mode="json"), now)
