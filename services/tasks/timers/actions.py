"""Timers fire: claimed, decided and written in one transaction, so exactly once (architecture.md, *Timers*)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg

from libs.common.db import Transaction
from libs.common.events import Cause
from libs.common.faultpoints import reach
from services.tasks.context import Context
from services.tasks.engine.events import TimerFired
from services.tasks.processes.batch import Batch
from services.tasks.processes.rows import read_timer

# The processes are locked before their timers are claimed, in id order like every writer does it, and never
# waited for: a process in other hands is left for the next round. A timer that its process dropped meanwhile is
# gone when the DELETE comes to it.
CLAIM = """
WITH due AS (
    SELECT process_id, name FROM timer WHERE due_at <= $1 ORDER BY due_at, process_id, name LIMIT $2
), held AS (
    SELECT p.id FROM process p WHERE p.id IN (SELECT process_id FROM due)
    ORDER BY p.id FOR NO KEY UPDATE SKIP LOCKED
)
DELETE FROM timer t USING due d, held h
WHERE t.process_id = d.process_id AND t.name = d.name AND h.id = d.process_id
RETURNING t.*
"""
NEXT_DUE = "SELECT min(due_at) FROM timer"


async def fire_due(ctx: Context, limit: int) -> int:
    """Fire up to `limit` timers that are due, oldest first; return how many."""
    async with ctx.db.begin() as tx:
        claimed = await tx.conn.fetch(CLAIM, ctx.now(), limit)
        if not claimed:
            return 0
        reach("timers.claimed")
        await _fire(ctx, tx, sorted(claimed, key=lambda row: (row["due_at"], row["process_id"], row["name"])))
        await tx.commit()
    for row in claimed:
        ctx.metrics.timers.labels(row["kind"]).inc()
        ctx.metrics.lateness.observe(max(timedelta(0), ctx.now() - row["due_at"]).total_seconds())
    return len(claimed)


async def _fire(ctx: Context, tx: Transaction, claimed: Sequence[asyncpg.Record]) -> None:
    batch = Batch(ctx, tx)
    await batch.load(ids=sorted({row["process_id"] for row in claimed}))
    for row in claimed:
        process = batch.of_id(row["process_id"])
        if process is not None:
            cause = Cause(process.origin.correlation_id, None, process.origin.traceparent)
            batch.apply(process, TimerFired(read_timer(row)), cause)
    await batch.save()


async def next_due(ctx: Context) -> datetime | None:
    """Return when the next timer is due."""
    found: datetime | None = await ctx.db.pool.fetchval(NEXT_DUE)
    return found
