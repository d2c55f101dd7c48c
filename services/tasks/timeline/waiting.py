"""The steps of a lead that waits for its playbook; they are not stored until it is released."""

from collections.abc import Mapping
from uuid import UUID

import orjson

from libs.common.contracts.intake import LeadReceived, LeadReceivedV2
from libs.common.messaging.deadletters.waiting import held
from libs.common.platform.db import Connection
from services.tasks.engine.facts import Subject
from services.tasks.timeline.convert import received_entry, waiting_entries
from services.tasks.timeline.store import Entry


async def waiting_steps(conn: Connection, lead_id: UUID) -> list[Entry]:
    """Return the entries of a waiting lead, from its parked events; none for any other lead."""
    found = await held(conn, f"lead:{lead_id}")
    entries: list[Entry] = []
    for event in found.events if found else ():
        entries.append(received_entry(event, Subject.lead(lead_id)))
        if isinstance(event.data, LeadReceived | LeadReceivedV2):
            entries += waiting_entries(event, event.data)
    return [entry._replace(facts=_as_stored(entry.facts)) for entry in entries]


def _as_stored(facts: Mapping[str, object]) -> Mapping[str, object]:
    """Return facts as the database returns them: plain JSON values."""
    stored: Mapping[str, object] = orjson.loads(orjson.dumps(facts))
    return stored
