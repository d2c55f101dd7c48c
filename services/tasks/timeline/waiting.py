"""The steps of a lead that waits for its playbook: nothing of it is written before it goes on."""

from collections.abc import Mapping
from uuid import UUID

import orjson

from libs.common.contracts.intake import LeadReceived
from libs.common.messaging.deadletters.waiting import held
from libs.common.platform.db import Connection
from services.tasks.timeline.convert import received_entry, waiting_entries
from services.tasks.timeline.store import Entry


async def waiting_steps(conn: Connection, lead_id: UUID) -> list[Entry]:
    """Return what intake told of a lead that waits, and that it waits; nothing for any other lead."""
    found = await held(conn, f"lead:{lead_id}")
    entries: list[Entry] = []
    for event in found.events if found else ():
        entries.append(received_entry(event, lead_id))
        if isinstance(event.data, LeadReceived):
            entries += waiting_entries(event, event.data)
    return [entry._replace(facts=_as_stored(entry.facts)) for entry in entries]


def _as_stored(facts: Mapping[str, object]) -> Mapping[str, object]:
    """Return facts as they come back from the database: JSON values, no moments or ids."""
    stored: Mapping[str, object] = orjson.loads(orjson.dumps(facts))
    return stored
