"""Reading what changed: steps of the timeline that no transaction under way can come before (docs/adr/0018)."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from libs.common.platform.db import Connection, Database
from services.tasks.live.convert import KINDS, Change
from services.tasks.live.rules import Cursor, Me
from services.tasks.playbooks.cache import PlaybookCache
from services.tasks.tasks.customers import read_customers

PAGE = 200  # steps

HORIZON = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
# All that is below the horizon has been committed or rolled back, and nothing will be written there any more.
STEPS = """
SELECT e.xid::text::bigint AS xid, e.id AS step, e.kind, e.time AS at, (e.facts ->> 'pulled')::bool AS pulled,
       (e.facts ->> 'from_operator_id')::uuid AS from_id, (e.facts ->> 'operator_id')::uuid AS by_id,
       (e.facts ->> 'lender_id')::uuid AS lost_by,
       t.id, t.desk, t.process_id, t.lead_id, t.subject_kind, t.order_number, t.playbook, t.playbook_version,
       t.type, t.brief, t.pool, t.lane, t.state, t.operator_id, t.lender_id, t.due_at, t.important, t.overdue,
       t.waiting, t.version
FROM timeline_entry e JOIN task t ON t.id = e.task_id
WHERE (e.xid, e.id) > ($1::bigint::text::xid8, $2) AND e.xid < $3::bigint::text::xid8 AND e.kind = ANY($4::text[])
  AND e.task_id IS NOT NULL AND e.xid IS NOT NULL
ORDER BY e.xid, e.id LIMIT $5
"""
MINE = """
SELECT subject, id, active, pools FROM operator WHERE subject = ANY($1::text[]) ORDER BY active DESC, sequence DESC
"""
NOBODY = Me()


class Page(NamedTuple):
    """Changes in order, and the place behind the last one, or behind all that can be read by now."""

    changes: Sequence[Change]
    end: Cursor
    is_last: bool


async def horizon(db: Database) -> Cursor:
    """Return the place behind everything that can be read now."""
    return Cursor(await db.pool.fetchval(HORIZON), 0)


async def changes_after(db: Database, playbooks: PlaybookCache, after: Cursor, now: datetime) -> Page:
    """Return the next changes of all desks; `now` is the time of the customers' clocks."""
    async with db.pool.acquire() as conn:
        end = Cursor(await conn.fetchval(HORIZON), 0)
        if end <= after:
            return Page((), after, is_last=True)
        rows = await conn.fetch(STEPS, after.xid, after.id, end.xid, list(KINDS), PAGE)
        changes = await _changes(conn, playbooks, rows, now) if rows else []
    is_last = len(rows) < PAGE
    return Page(changes, end if is_last else changes[-1].cursor, is_last)


async def _changes(
    conn: Connection, playbooks: PlaybookCache, rows: Sequence[asyncpg.Record], now: datetime
) -> list[Change]:
    customers = await read_customers(conn, rows, now)
    return [
        Change(row, await playbooks.get(conn, row["playbook"], row["playbook_version"]), customers.get(row["id"]))
        for row in rows
    ]


async def read_operators(db: Database, subjects: Collection[str]) -> Mapping[str, Me]:
    """Return what the operators of tokens see, by the tokens' subjects; of who is not known: nothing."""
    rows: dict[str, list[asyncpg.Record]] = {}
    for row in await db.pool.fetch(MINE, list(subjects)):
        rows.setdefault(row["subject"], []).append(row)
    return {subject: _me(found) for subject, found in rows.items()}


def _me(rows: Sequence[asyncpg.Record]) -> Me:
    active = [row for row in rows if row["active"]]
    if not active:
        return Me(dismissed=True)
    ids: frozenset[UUID] = frozenset(row["id"] for row in active)
    return Me(active[0]["id"], ids, frozenset(pool for row in active for pool in row["pools"]))
