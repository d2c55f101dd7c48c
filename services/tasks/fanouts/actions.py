"""Fan-outs: an event for many processes is a job that writes a command for each; each step is a transaction.

A worker that dies in the middle leaves the rest of the commands to the next one. Of one process the commands are
carried out in the order of their events.
"""

from dataclasses import dataclass
from uuid import UUID

import asyncpg

from libs.common.platform.db import Transaction
from libs.common.platform.db.errors import is_transient
from libs.common.platform.faultpoints import reach
from libs.common.platform.telemetry.logs import get_logger
from services.tasks.context import Context
from services.tasks.fanouts import store
from services.tasks.processes.actions import give
from services.tasks.processes.batch import Batch
from services.tasks.processes.convert import address_of

PAGE = 500  # commands written in one transaction
BATCH = 100  # commands carried out in one transaction

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Only:
    """One command, to be carried out alone."""

    fanout: int
    process_id: UUID


async def spread(ctx: Context, page: int = PAGE) -> bool:
    """Write the next commands of the oldest job; return whether there was one."""
    async with ctx.db.begin() as tx:
        job = await tx.conn.fetchrow(store.TO_SPREAD)
        if job is None:
            return False
        address = address_of(store.read_event(job))
        subject_id = address.subject.id if address.subject else None
        rows = await tx.conn.fetch(store.TARGETS, subject_id, job["after_id"], job["until_id"], page)
        heard = [row["id"] for row in rows if row["own"] or await _listens(ctx, tx, row, address.trigger)]
        await tx.conn.execute(store.COMMAND, job["number"], heard, job["desk"])
        last = rows[-1]["id"] if rows else None
        await tx.conn.execute(store.SPREAD, job["number"], last, ctx.now() if len(rows) < page else None)
        reach("fanouts.spread")
        await tx.commit()
    return True


async def carry_out(ctx: Context, limit: int = BATCH) -> int:
    """Give events to the processes of up to `limit` commands; return how many. One that fails is set aside."""
    try:
        return await _carry_out(ctx, limit)
    except Exception as error:
        if is_transient(error):
            raise
        log.warning("commands failed, carrying them out one at a time", error_type=type(error).__name__)
        return await _one_by_one(ctx, limit)


async def reactivate(ctx: Context) -> None:
    """Reactivate commands that were set aside: a new release may be able to carry them out."""
    await ctx.db.pool.execute(store.TRY_AGAIN)


async def _listens(ctx: Context, tx: Transaction, row: asyncpg.Record, trigger: object) -> bool:
    playbook = await ctx.playbooks.get(tx.conn, row["playbook"], row["playbook_version"])
    return trigger in playbook.listens


async def _carry_out(ctx: Context, limit: int, only: Only | None = None) -> int:
    async with ctx.db.begin() as tx:
        which = (only.fanout, only.process_id) if only else (None, None)
        rows = await tx.conn.fetch(store.CLAIM, limit, *which)
        if rows:
            reach("fanouts.claimed")
            batch = Batch(ctx, tx)
            await batch.load(ids=[row["process_id"] for row in rows])
            for row in rows:
                await give(batch, store.read_event(row), row["process_id"])
            await batch.save()
            await store.carried_out(tx.conn, [(row["number"], row["process_id"]) for row in rows])
        await tx.conn.execute(store.OVER)
        await tx.commit()
    return len(rows)


async def _one_by_one(ctx: Context, limit: int) -> int:
    done = 0
    for row in await ctx.db.pool.fetch(store.READY, limit):
        only = Only(row["fanout"], row["process_id"])
        try:
            done += await _carry_out(ctx, 1, only)
        except Exception as error:
            if is_transient(error):
                raise
            log.exception("command failed and was set aside", process_id=str(only.process_id), fanout=only.fanout)
            await ctx.db.pool.execute(store.SET_ASIDE, only.fanout, only.process_id, ctx.now())
            ctx.metrics.commands_set_aside.inc()
    return done
