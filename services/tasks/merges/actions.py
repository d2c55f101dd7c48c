"""Use cases of merges that intake publishes: the loser's work ends, and goes on when they are taken back (P.15)."""

from collections.abc import Sequence
from typing import cast

from libs.common.contracts import Cause, EventData, Outgoing, Received
from libs.common.contracts.intake import CustomerMerged, LeadMerged
from libs.common.contracts.notices import WorkMerged
from libs.common.contracts.shared import SubjectKind
from libs.common.messaging import outbox
from libs.common.messaging.inbox import UseCase
from libs.common.platform.db import Transaction
from services.tasks.context import Context
from services.tasks.engine.events import Heard, MergedAway, Parted
from services.tasks.engine.facts import Subject
from services.tasks.engine.merging import halted
from services.tasks.engine.state import SYSTEM, Halted
from services.tasks.merges import store
from services.tasks.merges.rules import ids_of
from services.tasks.operators.queries import locked_operators
from services.tasks.operators.rules import present
from services.tasks.playbooks.terms import Trigger
from services.tasks.processes.batch import Batch, Process
from services.tasks.processes.rules import Address
from services.tasks.processes.surroundings import Surroundings
from services.tasks.timeline.convert import received_entry


def merge_leads(ctx: Context) -> UseCase:
    """Return the use case of `lead.merged`; the winner's processes hear of a merge, the loser's end."""

    async def apply(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
        for event in cast("Sequence[Received[LeadMerged]]", events):
            data, lead = event.data, Subject.lead(event.data.lead_id)
            if data.lead_id == data.loser_id:
                await _loser(ctx, tx, event, lead, Subject.lead(data.winner_id), undone=data.undone)
            else:
                await _winner(ctx, tx, event, lead)

    return apply


async def _winner(ctx: Context, tx: Transaction, event: Received[LeadMerged], lead: Subject) -> None:
    address = Address(lead, Trigger.LEAD_MERGED, event.data.customer_id)
    batch = await _loaded(ctx, tx, address)
    batch.add_entry(received_entry(event, lead))
    for process in () if event.data.undone else [*batch.hearing(lead), *batch.listening(address)]:
        batch.apply(process, Heard(Trigger.LEAD_MERGED), event.follow())
    await batch.save()


def merge_customers(ctx: Context) -> UseCase:
    """Return the use case of `customer.merged`: of two processes of one playbook the loser's ends."""

    async def apply(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
        for event in cast("Sequence[Received[CustomerMerged]]", events):
            data = event.data
            loser, winner = (Subject(SubjectKind.CUSTOMER, one) for one in (data.customer_id, data.winner_id))
            await _loser(ctx, tx, event, loser, winner, undone=data.undone)

    return apply


async def _loaded(ctx: Context, tx: Transaction, *addresses: Address, halted: Sequence[Halted] = ()) -> Batch:
    batch = Batch(ctx, tx, Surroundings(await store.read(tx.conn, ids_of(addresses)), {}))
    await batch.load(addresses=addresses, ids=[each.process_id for each in halted])
    return batch


async def _loser(
    ctx: Context,
    tx: Transaction,
    event: Received[LeadMerged] | Received[CustomerMerged],
    loser: Subject,
    winner: Subject,
    *,
    undone: bool,
) -> None:
    known = (await store.halted_by(tx.conn, [loser.id])).get(loser.id, ()) if undone else ()
    batch = await _loaded(ctx, tx, Address(loser), Address(winner), halted=known)
    batch.add_entry(received_entry(event, loser))
    if loser.kind is SubjectKind.CUSTOMER:
        batch.add_entry(received_entry(event, winner))
    if undone:
        for each in known:
            await _go_on(batch, tx, event, each)
        await store.remove(tx.conn, loser.id)
    else:
        ended = [_end(batch, process, event) for process in _ending(batch, loser, winner)]
        await store.add(tx.conn, loser.kind, loser.id, winner.id, event.desk, event.data.merge_id, batch.now, ended)
    await batch.save()
    if loser.kind is SubjectKind.LEAD:
        data = WorkMerged(lead_id=loser.id, winner_id=winner.id, undone=undone, actor=event.data.actor)
        await outbox.add(tx, [Outgoing(loser.key, event.desk, batch.now, data, event.follow())])


async def announce_merges(ctx: Context) -> int:
    """Publish every merge of leads that an earlier release has heard of; returns how many."""
    async with ctx.db.begin() as tx:
        rows = await store.announced(tx.conn)
        await outbox.add(
            tx,
            [
                Outgoing(
                    Subject.lead(row["loser_id"]).key,
                    row["desk"],
                    ctx.now(),
                    WorkMerged(lead_id=row["loser_id"], winner_id=row["winner_id"], actor=SYSTEM),
                    Cause.fresh(),
                )
                for row in rows
            ],
        )
        await tx.commit()
    return len(rows)


def _ending(batch: Batch, loser: Subject, winner: Subject) -> list[Process]:
    """Return the loser's live processes that end: of a lead all, of a customer those that the winner has too."""
    live = [process for process in batch.hearing(loser) if process.state.live]
    if loser.kind is not SubjectKind.CUSTOMER:
        return live
    theirs = {process.state.playbook for process in batch.hearing(winner) if process.state.live}
    return [process for process in live if process.state.playbook in theirs]


def _end(batch: Batch, process: Process, event: Received[LeadMerged] | Received[CustomerMerged]) -> Halted:
    before = process.state
    batch.apply(process, MergedAway(), event.follow())
    return halted(before, process.state)


async def _go_on(
    batch: Batch, tx: Transaction, event: Received[LeadMerged] | Received[CustomerMerged], ended: Halted
) -> None:
    process = batch.of_id(ended.process_id)
    if process is None:
        return
    if ended.closed:
        await batch.recall(process.state.id, ended.closed[0], ended.closed)
    holders = {task.operator_id for task in process.state.tasks if task.id in ended.closed and task.operator_id}
    profiles = await locked_operators(tx.conn, holders)
    there = present(profiles.values(), process.state.desk.code)
    batch.apply(process, Parted(ended, there), event.follow())
