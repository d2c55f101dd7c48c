"""Use cases of offers: events of tasks applied in batches, and the draining of waiting offers."""

from collections.abc import Mapping, Sequence
from functools import partial

from libs.common.contracts import EventData, Outgoing, Received
from libs.common.messaging import outbox
from libs.common.messaging.inbox import UseCase
from libs.common.platform.db import Transaction
from libs.common.platform.ids import uuid7
from services.assignment.context import Context
from services.assignment.offers import store
from services.assignment.offers.convert import ParsedEvent, PoolName, decision_event, parse, repeated_event
from services.assignment.offers.snapshot import Snapshot
from services.assignment.pools.rules import Choice, PoolId

FIND_POOLS = """
SELECT p.id, p.desk, p.code FROM pool p JOIN unnest($1::text[], $2::text[]) AS n(desk, code) USING (desk, code)
"""
# A pool that a playbook names and that does not exist yet: its work waits in it, visibly.
MAKE_POOLS = """
INSERT INTO pool (id, desk, code, title, role, virtual_time, turn, version, created_at)
SELECT n.id, n.desk, n.code, jsonb_build_object('ru', n.code, 'en', n.code), n.role, 0, 0, 1, $5
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS n(id, desk, code, role)
ORDER BY n.desk, n.code
ON CONFLICT (desk, code) DO NOTHING
"""


def work_events(ctx: Context) -> UseCase:
    """Return the use case of all events about work: one lock, one decision pass, one write per batch."""

    async def apply(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
        parsed_events = [parse(event) for event in events]
        names = await _pools(ctx, tx, parsed_events)
        scope = store.Scope(
            tasks={parsed.task_id for parsed in parsed_events},
            pools=set(names.values()),
            operators={parsed.new_holder for parsed in parsed_events if parsed.new_holder is not None},
        )
        snapshot = await store.load(tx, await store.widen(tx, scope))
        # All steps first, then decisions: work that ends within the batch is not offered.
        for parsed in parsed_events:
            pool_id = names.get(parsed.pool) if parsed.pool is not None else None
            snapshot.apply(parsed.offer(snapshot), parsed.step_at(snapshot, pool_id), ctx.now())
        await decide_and_save(ctx, tx, snapshot, Choice.DRAINED_WORK_FINISHED, drain=snapshot.capacity_freed)

    return apply


async def decide_and_save(
    ctx: Context,
    tx: Transaction,
    snapshot: Snapshot,
    choice: Choice,
    *,
    drain: bool,
    also: Sequence[Outgoing] = (),
) -> None:
    """Decide new requests and, with `drain`, waiting offers; write the snapshot and all events.

    `choice` is the reason of drained offers; `also` are the caller's events, sent before those of the decisions.
    The scope of the snapshot must be locked.
    """
    now = ctx.now()
    offers = snapshot.undecided_offers()
    # Waiting offers may be more urgent than new ones: both are decided in one order.
    if drain:
        offers += await store.waiting_offers(tx, snapshot)
    # The first page may fit only operators who are full by now: read the next one until nothing is proposed.
    while offers:
        found = snapshot.propose(offers, now, choice)
        offers = await store.waiting_offers(tx, snapshot) if drain and found else []
    await store.save(tx, snapshot, now)
    reasons = [verdict.decision.choice.value for verdict in snapshot.verdicts]
    tx.after_commit("decisions", partial(ctx.metrics.decided, reasons))
    limit = ctx.settings.event_candidates
    again = [repeated_event(snapshot, row, now, limit) for row in await store.repeated_decisions(tx, snapshot)]
    # The caller's events first: consumers learn of an operator's check-in before they are proposed.
    decided = [decision_event(snapshot, verdict, limit) for verdict in snapshot.verdicts]
    await outbox.add(tx, [*also, *decided, *again])


async def _pools(ctx: Context, tx: Transaction, parsed_events: Sequence[ParsedEvent]) -> Mapping[PoolName, PoolId]:
    named = sorted({parsed.pool for parsed in parsed_events if parsed.pool is not None})
    found = await _find(tx, named)
    roles = {parsed.pool: parsed.role for parsed in parsed_events if parsed.pool and parsed.role is not None}
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
