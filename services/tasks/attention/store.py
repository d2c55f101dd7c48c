"""SQL of matters that wait for a person."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

import asyncpg

from libs.common.platform.attention.rules import Mark
from libs.common.platform.db import Connection, Transaction

KNOWN = """
SELECT m.desk, m.kind, m.ref, m.process_id FROM matter m
JOIN unnest($2::text[], $3::text[], $4::text[]) AS named (desk, kind, ref) USING (desk, kind, ref)
WHERE m.service = $1 ORDER BY m.desk, m.kind, m.ref FOR UPDATE OF m
"""
ADD = """
INSERT INTO matter (service, desk, kind, ref, process_id)
SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::uuid[])
"""
FORGET = """
DELETE FROM matter USING unnest($2::text[], $3::text[], $4::text[]) AS over (desk, kind, ref)
WHERE matter.service = $1 AND (matter.desk, matter.kind, matter.ref) = (over.desk, over.kind, over.ref)
"""
DUE = """
SELECT t.playbook, t.playbook_version, t.type, t.brief ->> 'title' AS title, t.due_at, t.order_number, t.lead_id
FROM task t JOIN process p ON p.id = t.process_id
WHERE t.state = 'active' AND t.due_at <= $2
  AND (t.operator_id = $1 OR (t.operator_id IS NULL AND p.owner_id = $1))
ORDER BY t.due_at, t.id
"""
# The pools in which a supervisor works come first, by name.
POOL = """
SELECT pool FROM operator, jsonb_array_elements_text(pools) AS pool WHERE active AND desks ? $1
ORDER BY roles ? $2 DESC, pool LIMIT 1
"""


async def known(tx: Transaction, service: str, marks: Collection[Mark]) -> dict[Mark, UUID]:
    """Return the processes of matters, their rows locked; none for one that is not raised."""
    rows = await tx.conn.fetch(KNOWN, service, *_columns(marks))
    return {Mark(*row[:3]): row["process_id"] for row in rows}


async def write(tx: Transaction, service: str, before: Mapping[Mark, UUID], after: Mapping[Mark, UUID]) -> None:
    """Write which matters are raised now, of those that were before."""
    over = before.keys() - after.keys()
    fresh = {mark: process_id for mark, process_id in after.items() if mark not in before}
    if over:
        await tx.conn.execute(FORGET, service, *_columns(over))
    if fresh:
        await tx.conn.execute(ADD, service, *_columns(fresh), list(fresh.values()))


async def due_of(conn: Connection, operator_id: UUID, until: datetime) -> list[asyncpg.Record]:
    """Return the open tasks that an operator has, or of leads that are theirs, which are due until a moment."""
    rows: list[asyncpg.Record] = await conn.fetch(DUE, operator_id, until)
    return rows


async def pool_of(conn: Connection, desk: str, role: str) -> str | None:
    """Return the pool of a desk in which those of a role look for work; None: it has no operators."""
    found: str | None = await conn.fetchval(POOL, desk, role)
    return found


def _columns(marks: Collection[Mark]) -> tuple[list[str], list[str], list[str]]:
    return [mark.desk for mark in marks], [mark.kind for mark in marks], [mark.ref for mark in marks]
