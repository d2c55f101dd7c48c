"""Use case: a call or a message is recorded, for its customer and their lead."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from libs.common.contracts import Cause, Outgoing
from libs.common.contracts.shared import ContactKind, Signal
from libs.common.messaging.outbox import add
from libs.common.platform.db import Transaction
from libs.common.platform.ids import uuid7
from services.intake.calls.rules import Heard
from services.intake.calls.store import attach, hear
from services.intake.consents.store import is_called
from services.intake.contacts import store
from services.intake.contacts.convert import person_json, received_event, recorded_event
from services.intake.contacts.rules import (
    Person,
    Said,
    callable_number,
    completed,
    opens_lead,
    read_person,
    spoke,
    written_number,
)
from services.intake.context import Context
from services.intake.customers.actions import learned
from services.intake.customers.rules import place_of
from services.intake.customers.store import By, address_zone, known_by
from services.intake.deliveries.rules import Disposition
from services.intake.errors import NotFoundError
from services.intake.sources.cache import source_of
from services.intake.sources.rules import Source

SAID, IN_A_MESSAGE = "said by the source", "written by the customer"
SOURCE = "SELECT * FROM source WHERE desk = $1 AND code = $2 AND active"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A stored contact: whose it is, and what became of it."""

    contact_id: UUID
    customer_id: UUID | None
    lead_id: UUID | None
    disposition: Disposition


async def record_contact(ctx: Context, desk: str, source: str, said: Said, cause: Cause) -> Recorded:
    """Record a contact that came by a source of the desk. Raises NotFoundError for the source or the named lead."""
    async with ctx.core.db.begin() as tx:
        row = await tx.conn.fetchrow(SOURCE, desk, source)
        if row is None:
            raise NotFoundError
        recorded = await record(tx, source_of(row), said, ctx.core.clock.now(), cause)
        await tx.commit()
    return recorded


async def record(tx: Transaction, source: Source, said: Said, now: datetime, cause: Cause) -> Recorded:
    """Record a contact in the caller's transaction. Raises NotFoundError for a named lead that the desk lacks.

    The same report again changes nothing. A later report of the same contact is published again, under the lead of
    the first one. One that a command of ours started is of the command's lead and operator (P.11), another is of
    the operator at whose telephone people speak.
    """
    call = await hear(tx, source.id, Heard(said.command_id, said.external_id, said.leg)) if _of_call(said) else None
    if call is not None:
        said = replace(said, lead_id=call["lead_id"], operator_id=said.operator_id or call["operator_id"])
    if said.operator_id is None and said.extension is not None and spoke(said):
        said = replace(said, operator_id=await store.operator_at(tx, source.desk, said.extension))
    recorded = await _record(tx, source, said, now, cause)
    if call is not None:
        await attach(tx, call["id"], recorded.contact_id)
    return recorded


async def record_recording(
    tx: Transaction, source: Source, heard: Heard, now: datetime, cause: Cause
) -> Recorded | None:
    """Keep where the recording of a call is, and publish that there is one; None when that changes nothing."""
    if heard.entry_id is None or heard.recording is None:
        return None
    row = await store.keep_recording(tx, source, heard.entry_id, heard.recording, now)
    if row is None:
        return None
    await add(tx, [recorded_event(row, row["customer_id"], row["lead_id"], now, cause)])
    return Recorded(row["id"], row["customer_id"], row["lead_id"], Disposition.ACCEPTED)


def _of_call(said: Said) -> bool:
    return said.command_id is not None or said.leg is not None


async def _record(tx: Transaction, source: Source, said: Said, now: datetime, cause: Cause) -> Recorded:
    person = read_person(said, source.region, source.test_prefixes)
    stored = await store.store(tx, uuid7(), source, said, person_json(person, said), now)
    if stored.fresh:
        return await _first(tx, stored, source, said, person, now, cause)
    customer_id, lead_id = stored.row["customer_id"], stored.row["lead_id"]
    if stored.moved:
        await add(tx, [recorded_event(stored.row, customer_id, lead_id, now, cause)])
    disposition = Disposition.ACCEPTED if stored.moved else Disposition.REPEAT
    return Recorded(stored.row["id"], customer_id, lead_id, disposition)


async def _first(
    tx: Transaction, stored: store.Stored, source: Source, said: Said, person: Person, now: datetime, cause: Cause
) -> Recorded:
    events: list[Outgoing] = []
    row = stored.row
    if said.external_id is not None and said.kind is not ContactKind.MESSAGE and said.recording is None:
        row = await store.with_early_recording(tx, row["id"], source.id, said.external_id) or row
    if said.lead_id is not None:
        named = await store.named_lead(tx, said.lead_id, source.desk)
        if named is None:
            raise NotFoundError
        customer_id, lead_id = named["customer_id"], named["id"]
    else:
        wrote = written_number(said, person, source.region)
        found = await store.customer_of(tx, source.desk, person, uuid7(), now, wrote)
        by = By(f"source:{source.code}", IN_A_MESSAGE if wrote else SAID, cause.correlation_id)
        events += await learned(tx, source.desk, found, by, cause, now)
        customer_id = found.customer_id if found else None
        lead_id = await _lead_of(tx, source, said, customer_id) if customer_id else None
    if lead_id is None and customer_id is not None and opens_lead(said, person):
        person = completed(person, await known_by(tx, customer_id))
        if not await is_called(tx, customer_id):
            person = replace(person, signals=(*person.signals, Signal.DO_NOT_CALL))
        place = place_of(callable_number(person), await address_zone(tx, customer_id), source.zone.key)
        lead_id, first = uuid7(), await store.born(tx, source.desk, source.playbook)
        await store.open_lead(tx, lead_id, customer_id, source, person, place, first, now, cause.correlation_id)
        events.append(received_event(row, lead_id, customer_id, source, person, place, first, cause))
    await store.settle(tx, row["id"], customer_id, lead_id)
    events.append(recorded_event(row, customer_id, lead_id, now, cause))
    await add(tx, events)
    test = Signal.TEST_NUMBER in person.signals
    return Recorded(row["id"], customer_id, lead_id, Disposition.TEST if test else Disposition.ACCEPTED)


async def _lead_of(tx: Transaction, source: Source, said: Said, customer_id: UUID) -> UUID | None:
    """Return the lead that a contact is of: the newest live one, else that of a buyer whom the source keeps.

    A buyer who calls is kept by a playbook that calls them back: elsewhere the call opens a lead, as a stranger's.
    """
    lead_id = await store.live_lead(tx, customer_id, source.desk)
    if lead_id is not None or not source.keeps_buyers:
        return lead_id
    if said.kind in (ContactKind.MISSED, ContactKind.CALL_IN):
        return await store.returned_lead(tx, customer_id, source.desk)
    return await store.won_lead(tx, customer_id, source.desk)
