"""Use case: who works a lead is followed by tasks' events."""

from collections.abc import Sequence
from uuid import UUID

from libs.common.contracts import Received
from libs.common.platform.db import Transaction
from services.notifications.leads.convert import LeadEvent, change_of
from services.notifications.leads.rules import Working, after
from services.notifications.leads.store import working_on, write


async def follow_leads(tx: Transaction, events: Sequence[Received[LeadEvent]]) -> None:
    """Keep who is responsible for leads and who has their tasks; of other subjects nothing."""
    of_leads = [(event.data.lead_id, event) for event in events if event.data.lead_id is not None]
    if not of_leads:
        return
    known = await working_on(tx, {lead_id for lead_id, _ in of_leads})
    found: dict[UUID, tuple[str, Working]] = {}
    for lead_id, event in of_leads:
        before = found[lead_id][1] if lead_id in found else known.get(lead_id, Working())
        found[lead_id] = (event.desk, after(before, change_of(event.data), event.sequence))
    await write(tx, found)
