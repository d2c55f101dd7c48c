"""Use cases of offers: events of tasks applied in batches, and the draining of waiting offers."""

from collections.abc import Mapping, Sequence
from functools import partial

from libs.common.contracts import EventData, Outgoing, Received
from libs.common.messaging import outbox
from libs.common.messaging.inbox import UseCase
from libs.common.platform.db import Transaction
from libs.common.platform.db.together import Together
from services.assignment.context import Context
from services.assignment.offers import store
from services.assignment.offers.convert import ParsedEvent, accepts_proposal, decision_event, parse, repeated_event
from services.assignment.offers.snapshot import Snapshot
from services.assignment.pools.rules import Choice, PoolId
from services.assignment.pools.store import PoolIds, PoolName


def work_events(ctx: Context) -> UseCase:
    """Return the use case of all events about work: one read with its locks, one decision pass, one write."""
    pool_ids = PoolIds()

    async def apply(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
        parsed_events = [parse(event) for event in events if not accepts_proposal(event.data)]
        if not parsed_events:
            return
        snapshot, names = await _load(ctx, tx, pool_ids, parsed_events)
        # All steps first, then decisions: work that ends within the batch is not offered.
        for parsed in parsed_events:
            pool_id = names.get(parsed.pool) if parsed.pool is not None else None
            snapshot.apply(parsed.offer(snapshot), parsed.step_at(snapshot, pool_id), ctx.now())
            if parsed.called is not None:
                snapshot.wrap_up(parsed.called, pool_id, ctx.now())
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
    waiting, more = await store.waiting_offers(tx, snapshot) if drain else ([], False)
    found = snapshot.propose([*offers, *waiting], now, choice)
    # The first page may fit only operators who are full by now: read the next one until nothing is proposed.
    while found and more:
        waiting, more = await store.waiting_offers(tx, snapshot)
        found = snapshot.propose(waiting, now, choice)
    writes = Together()
    store.save(writes, snapshot, now)
    reasons = [verdict.decision.choice.value for verdict in snapshot.verdicts]
    tx.after_commit("decisions", partial(ctx.metrics.decided, reasons))
    limit = ctx.settings.event_candidates
    again = [repeated_event(snapshot, row, now, limit) for row in await store.repeated_decisions(tx, snapshot)]
    # The caller's events first: consumers learn of an operator's check-in before they are proposed.
    decided = [decision_event(snapshot, verdict, limit) for verdict in snapshot.verdicts]
    outbox.add_to(writes, tx, [*also, *decided, *again])
    await writes.run(tx.conn)


async def _load(
    ctx: Context, tx: Transaction, pool_ids: PoolIds, parsed_events: Sequence[ParsedEvent]
) -> tuple[Snapshot, Mapping[PoolName, PoolId]]:
    named = [parsed.pool for parsed in parsed_events if parsed.pool is not None]
    roles = {parsed.pool: parsed.role for parsed in parsed_events if parsed.pool and parsed.role is not None}
    names = await pool_ids.find(tx, named, roles, ctx.now())
    tasks = {parsed.task_id for parsed in parsed_events}
    people = {parsed.new_holder for parsed in parsed_events if parsed.new_holder is not None}
    snapshot = await store.load(tx, store.Scope(tasks, set(names.values()), people))
    if not snapshot.pools.keys() >= set(names.values()):
        pool_ids.forget()
        return await _load(ctx, tx, pool_ids, parsed_events)
    return snapshot, names
