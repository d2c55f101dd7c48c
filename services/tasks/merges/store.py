"""Rows of merged leads and customers."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
from pydantic import TypeAdapter

from libs.common.contracts.shared import SubjectKind
from libs.common.platform.db import Connection
from services.tasks.engine.state import Halted
from services.tasks.merges.rules import Aliases

# Hardly anyone is merged, and this takes a quarter of what the whole search takes.
ARE_MERGED = """
SELECT EXISTS (SELECT FROM merged WHERE loser_id = ANY($1::uuid[]) OR winner_id = ANY($1::uuid[]))
"""
# All that are one with these, as pairs of loser and winner.
READ = """
WITH RECURSIVE up AS (
    SELECT loser_id, winner_id FROM merged WHERE loser_id = ANY($1::uuid[])
    UNION SELECT m.loser_id, m.winner_id FROM merged m JOIN up ON m.loser_id = up.winner_id
), down AS (
    SELECT loser_id, winner_id FROM merged
    WHERE winner_id = ANY($1) OR winner_id = ANY(ARRAY(SELECT winner_id FROM up))
    UNION SELECT m.loser_id, m.winner_id FROM merged m JOIN down ON m.winner_id = down.loser_id
)
SELECT * FROM up UNION SELECT * FROM down
"""
ADD = """
INSERT INTO merged (loser_id, kind, winner_id, desk, merge_id, at, halted, announced)
VALUES ($1, $2, $3, $4, $5, $6, $7, true)
ON CONFLICT (loser_id) DO UPDATE
SET winner_id = excluded.winner_id, merge_id = excluded.merge_id, at = excluded.at, halted = excluded.halted,
    announced = true
"""
HALTED = "SELECT loser_id, halted FROM merged WHERE loser_id = ANY($1::uuid[]) FOR UPDATE"
ANNOUNCE = """
UPDATE merged SET announced = true
WHERE loser_id IN (SELECT loser_id FROM merged WHERE NOT announced AND kind = 'lead' ORDER BY loser_id FOR UPDATE)
RETURNING loser_id, winner_id, desk
"""
REMOVE = "DELETE FROM merged WHERE loser_id = $1"
# What an outcome did before the merge is not mended any more.
SETTLED = "DELETE FROM mendable WHERE process_id = ANY($1::uuid[])"
_HALTED = TypeAdapter(tuple[Halted, ...])


async def read(conn: Connection, ids: Collection[UUID]) -> Aliases:
    """Return which leads and customers these are by now, and which others are one with them."""
    found = bool(ids) and await conn.fetchval(ARE_MERGED, list(ids))
    rows = await conn.fetch(READ, list(ids)) if found else ()
    return Aliases({row["loser_id"]: row["winner_id"] for row in rows})


async def add(
    conn: Connection, kind: SubjectKind, loser: UUID, winner: UUID, desk: str, merge_id: UUID, now: datetime,
    halted: Sequence[Halted],
) -> None:  # fmt: skip
    """Keep that one is merged, and what that has ended."""
    stored = _HALTED.dump_python(tuple(halted), mode="json")
    await conn.execute(ADD, loser, kind, winner, desk, merge_id, now, stored)
    await conn.execute(SETTLED, [each.process_id for each in halted])


async def halted_by(conn: Connection, losers: Collection[UUID]) -> dict[UUID, tuple[Halted, ...]]:
    """Return what the merges of these have ended; those that are not merged here are missing."""
    rows = await conn.fetch(HALTED, list(losers)) if losers else ()
    return {row["loser_id"]: _HALTED.validate_python(row["halted"], strict=False) for row in rows}


async def announced(conn: Connection) -> Sequence[asyncpg.Record]:
    """Return the merges of leads that were not published yet, and keep that they are."""
    found: Sequence[asyncpg.Record] = await conn.fetch(ANNOUNCE)
    return found


async def remove(conn: Connection, loser: UUID) -> None:
    """Forget a merge that was taken back."""
    await conn.execute(REMOVE, loser)
