"""Use cases of merges: plan, apply, undo; each receipt in one transaction (P.13, P.15)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from libs.common.contracts import Cause, Outgoing
from libs.common.messaging.outbox import add
from libs.common.platform.db import Transaction
from libs.common.platform.ids import uuid7
from libs.common.platform.versions import StaleVersionError
from services.intake.appointments.store import actor_of
from services.intake.context import Context
from services.intake.customers.actions import changed
from services.intake.customers.rules import IdentityStep, Reach
from services.intake.customers.store import By, reach_of_leads
from services.intake.customers.store import log as log_identities
from services.intake.errors import (
    LaterMergesError,
    MergeRefusedError,
    MergeStateError,
    NotFoundError,
)
from services.intake.merges import store
from services.intake.merges.convert import customer_merged, kept_json, lead_merged, learned_of, marked_of
from services.intake.merges.rules import (
    MergeKind,
    MergeMemberState,
    MergeState,
    Pair,
    Remains,
    fault_of,
    faults_of,
    second_ones,
)
from services.intake.merges.store import Member


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be merged into what, and why."""

    desk: str
    kind: MergeKind
    pairs: Sequence[Pair]
    reason: str


@dataclass(frozen=True, slots=True)
class Merging:
    """A locked receipt, and who applies it or takes it back."""

    id: UUID
    row: asyncpg.Record
    by: By
    cause: Cause
    now: datetime

    @property
    def desk(self) -> str:
        desk: str = self.row["desk"]
        return desk


class Done(NamedTuple):
    """What became of members, what an undo needs to know or what stays after it, and what is to be published."""

    members: Sequence[Member]
    kept: object
    events: Sequence[Outgoing]


async def plan_merge(ctx: Context, plan: Plan, subject: str) -> UUID:
    """Store what would be merged, and what of it could not be taken back. Raises MergeRefusedError."""
    merge_id, now = uuid7(), ctx.core.clock.now()
    ids = {party for pair in plan.pairs for party in pair}
    async with ctx.core.db.begin() as tx:
        faults = faults_of(plan.pairs, await store.parties(tx.conn, plan.kind, ids, plan.desk))
        if faults:
            raise MergeRefusedError(faults)
        left = await _left(tx, plan)
        actor = await actor_of(tx, subject, plan.desk)
        await store.add(tx.conn, merge_id, plan.desk, plan.kind, plan.reason, plan.pairs, left, now, actor)
        await tx.commit()
    return merge_id


async def _left(tx: Transaction, plan: Plan) -> list[dict[str, object]]:
    """Return what could not be taken back: tasks that end, and what playbooks do on a signal."""
    if plan.kind is MergeKind.LEAD:
        count = await tx.conn.fetchval(store.LIVE_LOSERS, [loser for _, loser in plan.pairs])
        return [{"kind": Remains.TASK, "count": count}] if count else []
    marked = 0
    for winner in {winner for winner, _ in plan.pairs}:
        whole = [winner, *(loser for other, loser in plan.pairs if other == winner)]
        marked += len(second_ones(await store.unpaid_orders(tx.conn, await store.tree(tx.conn, whole))))
    return [{"kind": Remains.SIGNAL, "count": marked}] if marked else []


async def apply_merge(ctx: Context, merge_id: UUID, seen: int, subject: str, cause: Cause) -> None:
    """Do what was planned; what cannot be merged any more stays as it is.

    Raises NotFoundError, StaleVersionError, MergeStateError.
    """
    async with ctx.core.db.begin() as tx:
        merging = await _locked(ctx, tx, merge_id, seen, MergeState.PLANNED, subject, cause)
        members = await store.members(tx.conn, merge_id, MergeMemberState.PLANNED)
        work = _merge_customers if merging.row["kind"] == MergeKind.CUSTOMER else _merge_leads
        done = await work(tx, merging, members)
        await store.set_members(tx.conn, merge_id, done.members)
        await tx.conn.execute(store.APPLIED, merge_id, done.kept, merging.now, merging.by.actor)
        await add(tx, done.events)
        await tx.commit()


async def undo_merge(ctx: Context, merge_id: UUID, seen: int, subject: str, cause: Cause) -> None:
    """Take a merge back whole; what came in between stays with the winners and is named.

    Raises NotFoundError, StaleVersionError, MergeStateError, LaterMergesError.
    """
    async with ctx.core.db.begin() as tx:
        merging = await _locked(ctx, tx, merge_id, seen, MergeState.APPLIED, subject, cause)
        members = await store.members(tx.conn, merge_id, MergeMemberState.DONE)
        work = _part_customers if merging.row["kind"] == MergeKind.CUSTOMER else _part_leads
        done = await work(tx, merging, members)
        await store.set_members(tx.conn, merge_id, done.members)
        await tx.conn.execute(store.UNDONE, merge_id, done.kept, merging.now, merging.by.actor)
        await add(tx, done.events)
        await tx.commit()


async def _locked(
    ctx: Context, tx: Transaction, merge_id: UUID, seen: int, state: MergeState, subject: str, cause: Cause
) -> Merging:
    row = await store.locked(tx.conn, merge_id)
    if row is None:
        raise NotFoundError
    if row["version"] != seen:
        raise StaleVersionError
    if row["state"] != state:
        raise MergeStateError(row["state"])
    by = By(await actor_of(tx, subject, row["desk"]), row["reason"], cause.correlation_id)
    return Merging(merge_id, row, by, cause, ctx.core.clock.now())


async def _merge_customers(tx: Transaction, merging: Merging, members: Sequence[Member]) -> Done:
    conn, desk, by, now = tx.conn, merging.desk, merging.by, merging.now
    ids = {party for each in members for party in (each.winner_id, each.loser_id)}
    whole = await store.tree(conn, ids)
    held = await store.lock_identities(conn, desk, whole)
    await store.lock_parties(conn, MergeKind.CUSTOMER, whole)
    await store.lock_leads_of(conn, whole)
    known = await store.parties(conn, MergeKind.CUSTOMER, ids, desk)
    done, events = list[Member](), list[Outgoing]()
    for each in members:
        if (fault := fault_of(known.get(each.winner_id), known.get(each.loser_id))) is not None:
            done.append(each._replace(state=MergeMemberState.CHANGED, note=fault))
            continue
        known[each.loser_id] = replace(known[each.loser_id], merged=True)
        theirs = sorted(one for one, owner in held.items() if owner == each.loser_id)
        given = await store.give(conn, desk, each.winner_id, theirs, [each.loser_id])
        await conn.execute(store.MERGE_CUSTOMER, each.loser_id, each.winner_id)
        await log_identities(tx, desk, each.loser_id, IdentityStep.DETACHED, given, by, now)
        await log_identities(tx, desk, each.winner_id, IdentityStep.ATTACHED, given, by, now)
        done.append(each._replace(state=MergeMemberState.DONE, identities=given))
        events.append(customer_merged(merging.id, desk, done[-1], by.actor, now, merging.cause, undone=False))
    winners = sorted({each.winner_id for each in done if each.state is MergeMemberState.DONE})
    marked, learned = dict[UUID, UUID](), dict[UUID, tuple[Reach, Reach]]()
    for winner in winners:
        marked |= second_ones(await store.unpaid_orders(conn, await store.tree(conn, [winner])))
    await conn.execute(store.MARK, list(marked), list(marked.values()))
    for winner in winners:
        result = await changed(tx, desk, winner, by, merging.cause, now)
        learned |= result.learned
        events += result.events
    return Done(done, kept_json(learned, marked), events)


async def _part_customers(tx: Transaction, merging: Merging, members: Sequence[Member]) -> Done:
    conn, desk, by, now = tx.conn, merging.desk, merging.by, merging.now
    losers, winners = [each.loser_id for each in members], {each.winner_id for each in members}
    ends = set((await store.roots(conn, winners)).values())
    whole = await store.tree(conn, {*winners, *losers, *ends})
    await store.lock_identities(conn, desk, whole)
    await store.lock_parties(conn, MergeKind.CUSTOMER, whole)
    await store.lock_leads_of(conn, whole)
    roots = await store.roots(conn, winners)
    between = await store.since(conn, MergeKind.CUSTOMER, winners, merging.row["applied_at"])
    marked, learned = marked_of(merging.row["kept"]), learned_of(merging.row["kept"])
    await conn.execute(store.UNMARK, list(marked), list(marked.values()))
    done, events, gone = list[Member](), list[Outgoing](), 0
    for each in members:
        holders = await store.tree(conn, [roots[each.winner_id]])
        await conn.execute(store.PART_CUSTOMER, each.loser_id)
        given = await store.give(conn, desk, each.loser_id, each.identities, holders)
        gone += len(each.identities) - len(given)
        await log_identities(tx, desk, roots[each.winner_id], IdentityStep.DETACHED, given, by, now)
        await log_identities(tx, desk, each.loser_id, IdentityStep.ATTACHED, given, by, now)
        done.append(each._replace(state=MergeMemberState.TAKEN_BACK))
        events.append(customer_merged(merging.id, desk, each, by.actor, now, merging.cause, undone=True))
        await _check_leads(tx, await store.tree(conn, [each.loser_id]), holders)
    current = dict[UUID, Reach]()
    for customer_id in sorted({*roots.values(), *losers}):
        current |= await reach_of_leads(tx, customer_id)
    back = {lead_id: before for lead_id, (before, after) in learned.items() if current.get(lead_id) == after}
    for customer_id in sorted({*roots.values(), *losers}):
        events += (await changed(tx, desk, customer_id, by, merging.cause, now, back=back)).events
    if gone:
        between.append({"kind": Remains.IDENTITY, "count": gone})
    return Done(done, between, events)


async def _check_leads(tx: Transaction, parted: Sequence[UUID], whole: Sequence[UUID]) -> None:
    """Raise LaterMergesError when leads of customers who part were merged: that is taken back first."""
    rows = await tx.conn.fetch(store.DEPENDING, list(parted), [*whole, *parted])
    if rows:
        raise LaterMergesError([row["merge_id"] for row in rows])


async def _merge_leads(tx: Transaction, merging: Merging, members: Sequence[Member]) -> Done:
    conn, desk, by, now = tx.conn, merging.desk, merging.by, merging.now
    ids = {party for each in members for party in (each.winner_id, each.loser_id)}
    await store.lock_parties(conn, MergeKind.LEAD, ids)
    known = await store.parties(conn, MergeKind.LEAD, ids, desk)
    done, events = list[Member](), list[Outgoing]()
    for each in members:
        winner, loser = known.get(each.winner_id), known.get(each.loser_id)
        fault = fault_of(winner, loser)
        if fault is not None or loser is None:
            done.append(each._replace(state=MergeMemberState.CHANGED, note=fault))
            continue
        known[each.loser_id] = replace(loser, merged=True)
        await conn.execute(store.MERGE_LEAD, each.loser_id, each.winner_id, now)
        await _log(tx, merging, each, undone=False)
        done.append(each._replace(state=MergeMemberState.DONE))
        events += lead_merged(merging.id, desk, each, loser.customer_id, by.actor, now, merging.cause, undone=False)
    return Done(done, {}, events)


async def _part_leads(tx: Transaction, merging: Merging, members: Sequence[Member]) -> Done:
    conn, desk, by, now = tx.conn, merging.desk, merging.by, merging.now
    winners = {each.winner_id for each in members}
    ids = {*winners, *(each.loser_id for each in members)}
    await store.lock_parties(conn, MergeKind.LEAD, ids)
    known = await store.parties(conn, MergeKind.LEAD, ids, desk)
    between = await store.since(conn, MergeKind.LEAD, winners, merging.row["applied_at"])
    done, events = list[Member](), list[Outgoing]()
    for each in members:
        await conn.execute(store.PART_LEAD, each.loser_id, now)
        await _log(tx, merging, each, undone=True)
        done.append(each._replace(state=MergeMemberState.TAKEN_BACK))
        customer_id = known[each.loser_id].customer_id
        events += lead_merged(merging.id, desk, each, customer_id, by.actor, now, merging.cause, undone=True)
    return Done(done, between, events)


async def _log(tx: Transaction, merging: Merging, member: Member, *, undone: bool) -> None:
    """Write a line in the history of both leads: which it is by now, or was; and which is this one, or was."""
    winner, loser = str(member.winner_id), str(member.loser_id)
    before, after = ([winner, loser], [None, None]) if undone else ([None, loser], [winner, None])
    await tx.conn.execute(
        store.LOG, merging.desk, merging.now, *merging.by, [member.loser_id, member.winner_id], before, after
    )
