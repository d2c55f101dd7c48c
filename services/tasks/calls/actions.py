"""Use case: who is called hears of it while their telephone rings (S0.4)."""

from collections.abc import Sequence
from datetime import datetime

from libs.common.contracts import EventData, Received
from libs.common.contracts.intake import ContactRecorded
from libs.common.contracts.notices import CallRinging
from libs.common.contracts.shared import Customer
from libs.common.platform.db import Transaction
from services.tasks.calls.rules import rings_now
from services.tasks.engine.facts import Subject
from services.tasks.processes.batch import Batch

# Whose telephone an extension is: several may share one, of whom those on shift may take the call.
AT = """
SELECT n.number, o.id FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS n(desk, extension, number)
JOIN operator o ON o.extension = n.extension AND o.desks ? n.desk AND o.active AND o.presence <> 'checked_out'
ORDER BY n.number, o.id
"""


async def ring(tx: Transaction, batch: Batch, events: Sequence[Received[EventData]]) -> None:
    """Publish whose telephones ring by these events; of a call that was answered or is long past nothing."""
    heard = [
        (event, event.data, event.data.extension)
        for event in events
        if isinstance(event.data, ContactRecorded) and event.data.extension and _rings(event.data, batch.now)
    ]
    if not heard:
        return
    at = [event.desk for event, _, _ in heard], [extension for _, _, extension in heard]
    for row in await tx.conn.fetch(AT, *at):
        event, data, extension = heard[row["number"] - 1]
        person, zone = _caller(batch, data)
        ringing = CallRinging(
            contact_id=data.contact_id,
            lead_id=data.lead_id,
            customer_id=data.customer_id,
            operator_id=row["id"],
            extension=extension,
            line=data.line,
            at=data.at,
            person=person,
            zone=zone,
        )
        batch.send(event.desk, event.key, ringing, event.follow())


def _rings(data: ContactRecorded, now: datetime) -> bool:
    taken = data.operator_id is not None or data.duration is not None
    return rings_now(data.kind, data.at, now, taken=taken)


def _caller(batch: Batch, data: ContactRecorded) -> tuple[Customer, str | None]:
    """Return who calls, by the name under which their lead knows them."""
    process = batch.main(Subject.lead(data.lead_id)) if data.lead_id else None
    name = process.state.facts.customer.name if process else None
    caller = Customer(name=name or data.person.name, phone=data.person.phone, phone_raw=data.person.phone_raw)
    return caller, process.state.facts.zone if process else None
