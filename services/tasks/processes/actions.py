"""Use case of events about subjects: other services' events applied to processes in batches."""

from collections.abc import Sequence
from uuid import UUID

from libs.common.contracts import EventData, Received
from libs.common.contracts.assignment import ShiftStarted, WorkAssigned
from libs.common.contracts.intake import ChangeRefused, ContactRecorded, LeadStatusRefused, PartnerChanged
from libs.common.contracts.notifications import MessageSent
from libs.common.contracts.shared import SubjectKind
from libs.common.contracts.tasks import WorkDeclined
from libs.common.domain.frozen import replace
from libs.common.messaging.inbox import UseCase
from libs.common.platform.db import Transaction
from services.tasks.calls.actions import ring
from services.tasks.calls.store import project_calls
from services.tasks.context import Context
from services.tasks.fanouts import store as fanouts
from services.tasks.merges.rules import ids_of
from services.tasks.operators.queries import locked_operators
from services.tasks.partners.store import project_partners
from services.tasks.processes.batch import STARTS_ON, Batch, Known, Process
from services.tasks.processes.convert import (
    MessageStep,
    NewLead,
    Operators,
    Work,
    address_of,
    engine_event,
    facts_of,
    facts_of_party,
    for_processes,
    heard,
    with_operator,
)
from services.tasks.processes.rules import Address
from services.tasks.processes.surroundings import read_surroundings
from services.tasks.timeline.convert import received_entry, waiting_entries

MOST = 100  # processes that hear an event in the transaction in which it comes


def advance(ctx: Context) -> UseCase:
    """Return the use case of all events that processes apply; a batch may mix event types."""

    async def apply(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
        await project_partners(tx, events)
        await project_calls(tx, events)
        events = [event for event in events if not _is_said_again(event)]
        named = [
            event.data.operator_id
            for event in events
            if isinstance(event.data, WorkAssigned | ContactRecorded | MessageSent | ShiftStarted)
        ]
        operators = await locked_operators(tx.conn, {who for who in named if who is not None})
        said = [(event, address_of(event)) for event in events]
        named_ids, codes = ids_of(address for _, address in said), {event.desk for event in events}
        around = await read_surroundings(tx.conn, named_ids, codes)
        addressed = [(event, around.aliases.moved(address)) for event, address in said]
        batch = Batch(ctx, tx, around)
        spread = await _spread(ctx, tx, addressed)
        here = [address for event, address in addressed if event.event_id not in spread]
        await batch.load(addresses=here, desks=codes)
        for event, address in addressed:
            if event.event_id in spread:
                await _begin_spreading(batch, event, address, operators)
            else:
                await _one(batch, event, address, operators)
        await ring(tx, batch, events)
        await batch.save()

    return apply


def _is_said_again(event: Received[EventData]) -> bool:
    """Return whether a card is only said once more, for those who have not heard all of it: nothing happened."""
    return isinstance(event.data, PartnerChanged) and event.data.again


async def give(batch: Batch, event: Received[EventData], process_id: UUID) -> None:
    """Give an event to one process that hears it, as a fan-out commands; nothing once the process has ended."""
    process, address = batch.of_id(process_id), address_of(event)
    if process is None or not process.state.live:
        return
    data, subject = for_processes(event.data), process.state.facts.subject
    if subject == address.subject:
        batch.apply(process, engine_event(data, by_us=False), event.follow())
    else:
        batch.add_entry(received_entry(event, subject))
        batch.apply(process, heard(data, address), event.follow())


async def _spread(
    ctx: Context, tx: Transaction, addressed: Sequence[tuple[Received[EventData], Address]]
) -> set[UUID]:
    """Make jobs of events that are for too many processes, or behind such a one of their key; return their ids."""
    wide = [(event, address) for event, address in addressed if address.wide]
    if not wide:
        return set()
    counted = await fanouts.count(tx.conn, {address.subject.id for _, address in wide if address.subject})
    behind = await fanouts.under_way(tx.conn, {event.key for event, _ in wide})
    spread = set()
    for event, address in wide:
        heard_by = 0
        for row in counted:
            playbook = await ctx.playbooks.get(tx.conn, row["playbook"], row["playbook_version"])
            if address.subject and row["id"] == address.subject.id:
                heard_by += row["processes"] if row["own"] or address.trigger in playbook.listens else 0
        if heard_by > MOST or event.key in behind:
            await fanouts.add(tx.conn, event)
            behind.add(event.key)
            spread.add(event.event_id)
    return spread


async def _begin_spreading(
    batch: Batch, event: Received[EventData], address: Address, operators: Operators
) -> None:
    """Record an event that is given out later, and start what begins with it now."""
    for subject in (address.subject, address.beside):
        if subject is not None:
            batch.add_entry(received_entry(event, subject))
    await _start_on(batch, event, address, operators)


async def _one(batch: Batch, event: Received[EventData], address: Address, operators: Operators) -> None:
    if address.subject is not None:
        batch.add_entry(received_entry(event, address.subject))
    if address.merged and not isinstance(event.data, Work):
        return
    own = await _own(batch, event, address)
    listening = batch.listening(address)
    others = [address.beside, *(process.state.facts.subject for process in own + listening)]
    for subject in dict.fromkeys(others):
        if subject not in (None, address.subject):
            batch.add_entry(received_entry(event, subject))
    asker = batch.asker(address, own)
    for process in own:
        moved = engine_event(for_processes(event.data), by_us=process is asker)
        batch.apply(process, with_operator(moved, for_processes(event.data), operators), event.follow())
    for process in listening:
        news = heard(for_processes(event.data), address)
        batch.apply(process, with_operator(news, for_processes(event.data), operators), event.follow())
    started = await _start_on(batch, event, address, operators)
    await batch.start_requested()
    # Most desks do nothing when an operator comes.
    if not own and not listening and not started and not isinstance(event.data, ShiftStarted):
        _unheard(batch, event, address)


async def _own(batch: Batch, event: Received[EventData], address: Address) -> list[Process]:
    """Return the processes of its own subject that an event is for; a new lead begins its own."""
    data, found = event.data, None
    if isinstance(data, Work) and address.task_id is not None:
        found = batch.of_task(address.task_id)
    elif isinstance(data, MessageStep) and address.process_id is not None:
        found = batch.of_id(address.process_id)
    elif address.subject is None:
        return []
    elif isinstance(data, NewLead):
        found = batch.main(address.subject) or await _begin(batch, event, data)
    elif isinstance(data, MessageStep) and address.trigger is None:
        # Written by a person, or requested by the release before, which knows a lead's first process alone.
        found = batch.main(address.subject)
    else:
        hearing = batch.hearing(address.subject)
        if not isinstance(data, LeadStatusRefused | ChangeRefused):
            return hearing
        found = batch.asker(address, hearing)
    return [] if found is None else [found]


async def _begin(batch: Batch, event: Received[EventData], data: NewLead) -> Process:
    facts = facts_of(data)
    if event.waited:
        facts = replace(facts, counted_from=batch.now)
        for entry in waiting_entries(event, data, until=batch.now):
            batch.add_entry(entry)
    return await batch.begin(event.desk, data.playbook, facts, event.follow())


async def _start_on(batch: Batch, event: Received[EventData], address: Address, operators: Operators) -> bool:
    """Start the playbooks that begin with this event of their subject; return whether any was started."""
    started = False
    for playbook in await batch.starting_on(event.desk, address):
        known = _known(batch, event, address, operators)
        if known is not None:
            started |= await batch.start(event.desk, playbook, known, STARTS_ON, event.follow())
    return started


def _known(batch: Batch, event: Received[EventData], address: Address, operators: Operators) -> Known | None:
    """Return what a process that an event starts knows; None for a lead that has not come yet.

    The process of one of the staff is their own.
    """
    subject, desk = address.subject, batch.desk(event.desk)
    if subject is None or desk is None:
        return None
    main = batch.main(subject)
    if subject.kind is SubjectKind.LEAD:
        return Known.of(main.state) if main else None
    who = operators.get(subject.id) if subject.kind is SubjectKind.STAFF else None
    return Known(facts_of_party(event, subject, desk), owner=who.operator if who is not None else None)


def _unheard(batch: Batch, event: Received[EventData], address: Address) -> None:
    """Count an event that no process is for; the timeline of its subject has it. A proposal is declined."""
    batch.count_unheard(event.data.event_type)
    data = event.data
    if isinstance(data, WorkAssigned):
        # Declining returns the operator's turn.
        declined = WorkDeclined(
            task_id=data.task_id,
            lead_id=data.lead_id,
            decision_id=data.decision_id,
            operator_id=data.operator_id,
            reason="unknown_lead",
        )
        batch.send(event.desk, event.key, declined, event.follow())
