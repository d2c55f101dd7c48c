"""SQL of the schedule."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from libs.common.platform.db import Connection
from libs.common.platform.ids import uuid7
from services.assignment.schedule.rules import DAYS, Planned, ShiftKind

KINDS = "SELECT * FROM shift_kind WHERE desk = $1 AND active ORDER BY code"
WRITE = """
INSERT INTO shift_kind (desk, code, title, starts, ends, late_after, week, needed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (desk, code) DO UPDATE SET title = excluded.title, starts = excluded.starts, ends = excluded.ends,
    late_after = excluded.late_after, week = excluded.week, needed = excluded.needed, active = true
"""
RETIRE = "UPDATE shift_kind SET active = false WHERE desk = $1 AND code = $2"
DESKS = """
SELECT desk, zone FROM known_desk d WHERE EXISTS (SELECT FROM shift_kind k WHERE k.desk = d.desk AND k.active)
ORDER BY desk
"""
ZONE = "SELECT zone FROM known_desk WHERE desk = $1"
# What has begun, and what a person has cancelled or made, stays.
FORGET = "DELETE FROM planned_shift WHERE desk = $1 AND weekly AND state = 'planned' AND starts_at > $2"
# None beside another of the same operator. One that a person has cancelled keeps the week away, not another person.
ADD = """
INSERT INTO planned_shift (id, desk, operator_id, shift, starts_at, ends_at, late_after, weekly, state)
SELECT t.id, $1, o.id, t.shift, t.starts_at, t.ends_at, t.late_after, $8, 'planned'
FROM unnest($2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::int[])
    AS t (id, subject, shift, starts_at, ends_at, late_after)
JOIN operator o ON o.subject = t.subject AND o.active AND $1 = ANY (o.desks)
WHERE NOT EXISTS (
    SELECT FROM planned_shift p WHERE p.operator_id = o.id AND p.starts_at < t.ends_at AND p.ends_at > t.starts_at
      AND ($8 OR p.state <> 'cancelled')
)
ORDER BY o.id, t.starts_at
ON CONFLICT (operator_id, starts_at) DO UPDATE
SET shift = excluded.shift, ends_at = excluded.ends_at, late_after = excluded.late_after, weekly = false,
    state = 'planned', came_at = NULL, announced_at = NULL, announced_by = NULL, announcement = NULL,
    version = planned_shift.version + 1
WHERE planned_shift.state = 'cancelled' AND NOT excluded.weekly
RETURNING id
"""
# A planned absence excuses (S4.6). An open shift says when they came; who came before its start was there from
# the start.
WATCH = """
WITH seen AS (
    SELECT p.id, o.presence <> 'checked_out' AND o.away IS NULL AS here, p.state AS before,
           CASE WHEN NOT o.active THEN 'cancelled'
                WHEN p.ends_at <= $1 THEN CASE WHEN p.came_at IS NULL THEN excused.ended ELSE 'worked' END
                WHEN o.presence <> 'checked_out' AND o.away IS NULL THEN 'here'
                WHEN excused.now THEN 'planned'
                WHEN greatest(p.starts_at, o.presence_since) + make_interval(mins => p.late_after) <= $1
                    THEN 'missing'
                ELSE p.state END AS state,
           (SELECT greatest(p.starts_at, s.started_at) FROM shift s
            WHERE s.operator_id = o.id AND s.started_at < p.ends_at AND coalesce(s.ended_at, $1) >= p.starts_at
            ORDER BY s.started_at LIMIT 1) AS came_at
    FROM planned_shift p JOIN operator o ON o.id = p.operator_id
    CROSS JOIN LATERAL (
        SELECT CASE WHEN count(*) > 0 THEN 'cancelled' ELSE 'missed' END AS ended,
               coalesce(bool_or(a.starts_at <= $1 AND a.ends_at + make_interval(mins => p.late_after) > $1), false)
                   AS now
        FROM absence a
        WHERE a.operator_id = o.id AND a.state <> 'cancelled' AND a.starts_at < p.ends_at
          AND a.ends_at > p.starts_at
    ) excused
    WHERE p.state IN ('planned', 'here', 'missing') AND p.starts_at <= $1
)
UPDATE planned_shift p
SET state = CASE WHEN seen.state = 'missed' AND seen.came_at IS NOT NULL THEN 'worked' ELSE seen.state END,
    came_at = coalesce(p.came_at, seen.came_at), version = p.version + 1
FROM seen
WHERE p.id = seen.id AND (seen.state <> seen.before OR (p.came_at IS NULL AND seen.came_at IS NOT NULL))
"""


async def kinds_of(conn: Connection, desk: str) -> list[ShiftKind]:
    """Return the shifts of a desk that are not retired, by code."""
    return [kind_of(row) for row in await conn.fetch(KINDS, desk)]


def kind_of(row: asyncpg.Record) -> ShiftKind:
    """Return a stored shift."""
    week = {day: tuple(row["week"][day]) for day in DAYS if day in row["week"]}
    needed = {day: row["needed"][day] for day in DAYS if day in row["needed"]}
    return ShiftKind(row["code"], row["starts"], row["ends"], row["late_after"], week, needed)


async def write_kind(conn: Connection, desk: str, kind: ShiftKind, title: dict[str, str]) -> None:
    """Write a shift of a desk; one that was retired is there again."""
    week = {day.value: list(who) for day, who in kind.week.items()}
    needed = {day.value: number for day, number in kind.needed.items()}
    await conn.execute(WRITE, desk, kind.code, title, kind.starts, kind.ends, kind.late_after, week, needed)


async def retire_kind(conn: Connection, desk: str, code: str) -> None:
    """Retire a shift of a desk; what was planned of it and has begun keeps its title."""
    await conn.execute(RETIRE, desk, code)


async def forget_weekly(conn: Connection, desk: str, after: datetime) -> None:
    """Delete what the week of a desk has planned and what has not begun."""
    await conn.execute(FORGET, desk, after)


async def add(conn: Connection, desk: str, planned: Sequence[Planned], *, weekly: bool) -> list[UUID]:
    """Store planned shifts of active operators of the desk, none beside another; return the ids of those stored."""
    rows = [(uuid7(), each.subject, each.code, each.starts_at, each.ends_at, each.late_after) for each in planned]
    columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(6)]
    return [row["id"] for row in await conn.fetch(ADD, desk, *columns, weekly)]
