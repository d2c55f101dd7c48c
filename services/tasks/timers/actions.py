"""Firing of timers: each is locked, decided and written in one transaction, so it fires exactly once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from libs.common.contracts import Cause
from libs.common.platform.db import Transaction
from libs.common.platform.db.errors import is_transient
from libs.common.platform.faultpoints import reach
from libs.common.platform.telemetry.logs import get_logger
from services.tasks.context import Context
from services.tasks.engine.events import TimerFired
from services.tasks.engine.state import OperatorId, Timer
from services.tasks.moves.actions import gone_of
from services.tasks.processes.batch import Batch, Process

OLDEST = """
SELECT process_id, name, due_at FROM timer WHERE due_at <= $1 AND set_aside_at IS NULL
ORDER BY due_at, process_id, name LIMIT $2
"""
# Only processes are locked, in id order like in every writer, and without waiting: a process that another
# transaction holds is left to the next round. Its due timers are read under its lock.
CLAIM = f"""
SELECT p.id FROM process p WHERE p.id IN (SELECT process_id FROM ({OLDEST}) AS due)
ORDER BY p.id FOR NO KEY UPDATE SKIP LOCKED
"""  # noqa: S608 - clauses of our own
SET_ASIDE = "UPDATE timer SET set_aside_at = $4 WHERE process_id = $1 AND name = $2 AND due_at = $3"
TRY_AGAIN = "UPDATE timer SET set_aside_at = NULL WHERE set_aside_at IS NOT NULL"
NEXT_DUE = "SELECT min(due_at) FROM timer WHERE set_aside_at IS NULL"

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Due:
    """A due timer."""

    process_id: UUID
    name: str
    at: datetime


async def fire_due(ctx: Context, limit: int) -> int:
    """Fire the due timers of the processes of the `limit` oldest timers, oldest first; return how many fired.

    A timer that fails is set aside; the others still fire.
    """
    try:
        return await _fire(ctx, limit)
    except Exception as error:
        if is_transient(error):
            raise
        log.warning("timer batch failed, firing its timers one at a time", error_type=type(error).__name__)
        return await _fire_one_by_one(ctx, limit)


async def reactivate(ctx: Context) -> None:
    """Reactivate timers that were set aside: a new release may be able to fire them."""
    await ctx.db.pool.execute(TRY_AGAIN)


async def next_due(ctx: Context) -> datetime | None:
    """Return when the next timer is due."""
    found: datetime | None = await ctx.db.pool.fetchval(NEXT_DUE)
    return found


async def _fire(ctx: Context, limit: int, only: Due | None = None) -> int:
    async with ctx.db.begin() as tx:
        ids = await _claimed(ctx, tx, limit, only)
        if not ids:
            return 0
        reach("timers.claimed")
        batch = Batch(ctx, tx)
        await batch.load(ids=ids)
        gone = await gone_of(tx.conn, batch.lenders())
        fired = _apply(batch, [process for id_ in ids if (process := batch.of_id(id_))], only, gone)
        await batch.save()
        await tx.commit()
    for timer in fired:
        ctx.metrics.timers.labels(timer.kind).inc()
        ctx.metrics.lateness.observe(max(timedelta(0), ctx.now() - timer.at).total_seconds())
    return len(fired)


async def _claimed(ctx: Context, tx: Transaction, limit: int, only: Due | None) -> Sequence[UUID]:
    if only is not None:
        return [only.process_id]
    return [row["id"] for row in await tx.conn.fetch(CLAIM, ctx.now(), limit)]


def _apply(
    batch: Batch, processes: Sequence[Process], only: Due | None, gone: frozenset[OperatorId]
) -> list[Timer]:
    """Fire in due order; skip a timer that an earlier one of the batch cancelled or replaced."""
    due = [
        (timer, process)
        for process in processes
        for timer in process.state.timers
        if timer.at <= batch.now
        and not timer.set_aside
        and (only is None or (timer.name, timer.at) == (only.name, only.at))
    ]
    fired = []
    for timer, process in sorted(due, key=lambda pair: (pair[0].at, pair[1].state.id, pair[0].name)):
        if process.state.timer(timer.name) is timer:
            cause = Cause(process.origin.correlation_id, None, process.origin.traceparent)
            batch.apply(process, TimerFired(timer, gone), cause)
            fired.append(timer)
    return fired


async def _fire_one_by_one(ctx: Context, limit: int) -> int:
    fired = 0
    for row in await ctx.db.pool.fetch(OLDEST, ctx.now(), limit):
        due = Due(row["process_id"], row["name"], row["due_at"])
        try:
            fired += await _fire(ctx, limit, due)
        except Exception as error:
            if is_transient(error):
                raise
            log.exception("timer failed and was set aside", process_id=str(due.process_id), timer=due.name)
            await ctx.db.pool.execute(SET_ASIDE, due.process_id, due.name, due.at, ctx.now())
            ctx.metrics.set_aside.inc()
    return fired
