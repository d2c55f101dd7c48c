"""Use cases of work: what tasks says, applied in batches; and the draining of what waits."""

from collections.abc import Mapping, Sequence
from functools import partial

from libs.common.contracts import EventData, Outgoing, Received
from libs.common.messaging import outbox
from libs.common.messaging.inbox import UseCase
from libs.common.platform.db import Transaction
from libs.common.platform.ids import uuid7
from services.assignment.context import Context
from services.assignment.offers import store
from services.assignment.offers.convert import PoolName, Reading, announcement, read
from services.assignment.offers.snapshot import Snapshot
from services.assignment.pools.rules import Choice, PoolId

FIND_POOLS = """
SELECT p.id, p.desk, p.code FROM pool p JOIN unnest($1::text[], $2::text[]) AS n(desk, code) USING (desk, code)
"""
# A pool that a playbook names and nobody has set up yet: its work waits where it can be seen.
MAKE_POOLS = """
INSERT INTO pool (id, desk, code, title, role, virtual_time, turn, version, created_at)
SELECT n.id, n.desk, n.code, jsonb_build_object('ru', n.code, 'en', n.code), n.role, 0, 0, 1, $5
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS n(id, desk, code, role)
ORDER BY n.desk, n.code
ON CONFLICT (desk, code) DO NOTHING
"""


def work_events(ctx: Context) -> UseCase:
    """Return the one use case of all events about work: one lock, one decision pass, one write per batch."""

    async def apply(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
        readings = [read(event) for event in events]
        names = await _pools(ctx, tx, readings)
        scope = store.Scope(
            tasks={reading.task_id for reading in readings},
            pools=set(names.values()),
            operators={reading.puts_on for reading in readings if reading.puts_on is not None},
        )
        snapshot = await store.read(tx, await store.widen(tx, scope))
        # All steps first, decisions after: work that ends within the batch disturbs nobody.
        for reading in readings:
            pool_id = names.get(reading.pool) if reading.pool is not None else None
            snapshot.play(reading.offer(snapshot), reading.step_at(snapshot, pool_id))
        await conclude(ctx, tx, snapshot, Choice.DRAINED_WORK_FINISHED, drain=snapshot.relieved)

    return apply


async def conclude(
    ctx: Context,
    tx: Transaction,
    snapshot: Snapshot,
    choice: Choice,
    *,
    drain: bool,
    also: Sequence[Outgoing] = (),
) -> None:
    """Decide what was asked for and, with `drain`, what waits; write the floor and all events.

    `choice` is the reason of drained work, `also` are the caller's own events, sent before the decisions. The
    floor's scope must be locked.
    """
    now = ctx.now()
    offers = snapshot.fresh()
    # Work that waited longer may be more urgent than what just came: both are decided in one order.
    if drain:
        offers += await store.waiting(tx, snapshot)
    # The most urgent may all be for one full operator while the next fits another: ask again until nobody fits.
    while offers:
        found = snapshot.propose(offers, now, choice)
        offers = await store.waiting(tx, snapshot) if drain and found else []
    await store.save(tx, snapshot, now)
    reasons = [verdict.decision.choice.value for verdict in snapshot.verdicts]
    tx.after_commit("decisions", partial(ctx.metrics.decided, reasons))
    most = ctx.settings.event_candidates
    # The caller's events first: an operator is known to be here before they are proposed.
    await outbox.add(tx, [*also, *(announcement(snapshot, verdict, most) for verdict in snapshot.verdicts)])


async def _pools(ctx: Context, tx: Transaction, readings: Sequence[Reading]) -> Mapping[PoolName, PoolId]:
    named = sorted({reading.pool for reading in readings if reading.pool is not None})
    found = await _find(tx, named)
    roles = {reading.pool: reading.role for reading in readings if reading.pool and reading.role is not None}
    missing = sorted(roles.keys() - found.keys())
    if missing:
        desks, codes = [desk for desk, _ in missing], [code for _, code in missing]
        new_ids = [uuid7() for _ in missing]
        await tx.conn.execute(MAKE_POOLS, new_ids, desks, codes, [roles[name] for name in missing], ctx.now())
        found = await _find(tx, named)
    return found


async def _find(tx: Transaction, names: Sequence[PoolName]) -> dict[PoolName, PoolId]:
    rows = await tx.conn.fetch(FIND_POOLS, [desk for desk, _ in names], [code for _, code in names])
    return {(row["desk"], row["code"]): PoolId(row["id"]) for row in rows}
