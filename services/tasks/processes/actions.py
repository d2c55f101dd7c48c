"""Use case of events about leads: other services' events applied to processes in batches."""

from collections.abc import Sequence
from dataclasses import replace

from libs.common.contracts import EventData, Received
from libs.common.contracts.assignment import WorkAssigned
from libs.common.contracts.tasks import WorkDeclined
from libs.common.messaging.inbox import UseCase
from libs.common.platform.db import Transaction
from services.tasks.context import Context
from services.tasks.operators.queries import locked_operators
from services.tasks.processes.batch import Batch, Process
from services.tasks.processes.convert import (
    NewLead,
    Operators,
    about_lead,
    born_in,
    engine_event,
    facts_of,
    fenced,
    lead_of,
)
from services.tasks.timeline.convert import received_entry, waiting_entries


def advance(ctx: Context) -> UseCase:
    """Return the use case of all events about leads; a batch may mix event types."""

    async def apply(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
        batch = Batch(ctx, tx)
        proposed = {event.data.operator_id for event in events if isinstance(event.data, WorkAssigned)}
        operators = await locked_operators(tx.conn, proposed)
        named = {lead_of(about_lead(event.data)) for event in events}
        desks = {event.desk for event in events if isinstance(event.data, NewLead)}
        await batch.load(leads={lead_id for lead_id in named if lead_id is not None}, desks=desks)
        for event in events:
            await _one(batch, event, operators)
        await batch.save()

    return apply


async def _begin(batch: Batch, event: Received[EventData], data: NewLead) -> Process:
    facts = facts_of(data)
    if event.waited:
        facts = replace(facts, counted_from=batch.now)
        for entry in waiting_entries(event, data, until=batch.now):
            batch.add_entry(entry)
    return await batch.begin(event.desk, data.playbook, facts, event.follow(), born_in(data))


async def _one(batch: Batch, event: Received[EventData], operators: Operators) -> None:
    data = about_lead(event.data)
    lead_id = lead_of(data)
    if lead_id is None:
        return  # a contact or a customer of no known lead: intake keeps and shows it
    batch.add_entry(received_entry(event, lead_id))
    process = batch.of_lead(lead_id)
    if process is None and isinstance(data, NewLead):
        process = await _begin(batch, event, data)
    if process is not None:
        if (moved := engine_event(data)) is not None:
            batch.apply(process, fenced(moved, data, operators), event.follow())
    elif isinstance(data, WorkAssigned):
        # The lead has no process here: declining returns the operator's turn.
        declined = WorkDeclined(
            task_id=data.task_id,
            lead_id=lead_id,
            decision_id=data.decision_id,
            operator_id=data.operator_id,
            reason="unknown_lead",
        )
        batch.send(event.desk, lead_id, declined, event.follow())
