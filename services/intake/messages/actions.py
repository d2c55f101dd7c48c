"""Use case: messages that notifications received find their customer and lead, or open one."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

from libs.common.contracts import EventData, Outgoing, Received
from libs.common.contracts.notifications import MessageReceived
from libs.common.messaging.inbox import UseCase
from libs.common.messaging.outbox import add
from libs.common.platform.clock import Clock
from libs.common.platform.db import Transaction
from libs.common.platform.ids import uuid7
from services.intake.consents.actions import said_stop
from services.intake.contacts.actions import IN_A_MESSAGE, SAID, record
from services.intake.contacts.rules import Said, read_person, written_number
from services.intake.contacts.store import customer_of, live_lead
from services.intake.customers.actions import learned
from services.intake.customers.store import By
from services.intake.messages.convert import resolved_event, said_of
from services.intake.sources.cache import source_of

OF_CHANNEL = "SELECT * FROM source WHERE desk = $1 AND channel = $2 AND active"
OF_LEAD = "SELECT s.* FROM lead l JOIN source s ON s.id = l.source_id WHERE l.id = $1"
LEAD = """
SELECT l.id, l.name, l.phone, l.phone_raw, l.email, l.zone, l.partner_id, p.operator_id AS partner_operator_id
FROM lead l LEFT JOIN partner p ON p.id = l.partner_id WHERE l.id = $1
"""
ANYWHERE = "RU"  # numbers of messengers are international


def resolve_messages(clock: Clock) -> UseCase:
    """Return the use case of `message.received`."""

    async def resolve(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
        received = cast("Sequence[Received[MessageReceived]]", events)
        for event in sorted(received, key=lambda one: one.key):  # identities are locked in their order
            await _resolve(tx, event, clock.now())

    return resolve


async def _resolve(tx: Transaction, event: Received[MessageReceived], now: datetime) -> None:
    """Record a message for its customer and their newest live lead, else for a new one; say whose it is.

    A new lead is of the source that names the channel. Without such a source a lead that lives already has the
    message by its own source; else the message stays with its customer, and no lead is opened.
    """
    said = said_of(event.data)
    stopped = await _stopped(tx, event, said, now) if said.stop else []
    source = await tx.conn.fetchrow(OF_CHANNEL, event.desk, event.data.channel_code)
    customer_id: UUID | None = None
    lead_id: UUID | None = None
    if source is None:
        person = read_person(said, ANYWHERE, ())
        wrote = written_number(said, person, ANYWHERE)
        found = await customer_of(tx, event.desk, person, uuid7(), now, wrote)
        by = By(f"channel:{event.data.channel_code}", IN_A_MESSAGE if wrote else SAID, event.event_id)
        await add(tx, await learned(tx, event.desk, found, by, event.follow(), now))
        customer_id = found.customer_id if found else None
        lead_id = await live_lead(tx, customer_id, event.desk) if customer_id else None
        source = await tx.conn.fetchrow(OF_LEAD, lead_id) if lead_id else None
    if source is not None:
        recorded = await record(tx, source_of(source), said, now, event.follow())
        customer_id, lead_id = recorded.customer_id, recorded.lead_id
    if customer_id is not None:
        lead = await tx.conn.fetchrow(LEAD, lead_id) if lead_id else None
        await add(tx, [*stopped, resolved_event(event, customer_id, None if lead is None else dict(lead))])


async def _stopped(tx: Transaction, event: Received[MessageReceived], said: Said, now: datetime) -> list[Outgoing]:
    """Withdraw all of who writes a word of withdrawal; returns what is to be published (P.14).

    Before the message itself is recorded: their leads are locked before any stream, and a lead that it opens knows.
    """
    found = await customer_of(tx, event.desk, read_person(said, ANYWHERE, ()), uuid7(), now)
    if found is None:
        return []
    by = By(f"channel:{event.data.channel_code}", IN_A_MESSAGE, event.event_id)
    events = await learned(tx, event.desk, found, by, event.follow(), now)
    cause, message_id = event.follow(), event.data.message_id
    return [*events, *await said_stop(tx, event.desk, found.customer_id, message_id, said.at, by, cause, now)]
