"""Timeline entries: rows in and out, one per step, written in the transaction of the step."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

import asyncpg

from libs.common.platform.db import Transaction
from libs.common.platform.db.bulk import Bulk
from services.tasks.engine.state import SYSTEM


class Entry(NamedTuple):
    """One step: its kind (an event type or a code), actor, rule and facts.

    `owner` is the service of the step; `sequence` is its place in that service's stream if it came as an event.
    It is a tuple for speed: several are made per event.
    """

    desk: str
    lead_id: UUID
    event_id: UUID
    causation_id: UUID | None
    correlation_id: UUID
    owner: str
    time: datetime
    kind: str
    facts: Mapping[str, object]
    actor: str = SYSTEM
    rule: str | None = None
    sequence: int | None = None
    task_id: UUID | None = None


ENTRY: Bulk[Entry] = Bulk(
    "timeline_entry",
    tuple(
        (name, kind, attrgetter(name))
        for name, kind in (
            ("desk", "text"),
            ("lead_id", "uuid"),
            ("event_id", "uuid"),
            ("causation_id", "uuid"),
            ("correlation_id", "uuid"),
            ("owner", "text"),
            ("time", "timestamptz"),
            ("kind", "text"),
            ("actor", "text"),
            ("rule", "text"),
            ("sequence", "bigint"),
            ("task_id", "uuid"),
            ("facts", "jsonb"),
        )
    ),
)
INSERT = ENTRY.insert()


def read_entry(row: asyncpg.Record) -> Entry:
    """Return a stored entry."""
    return Entry(**{name: row[name] for name in Entry._fields})


async def write_entries(tx: Transaction, entries: Sequence[Entry]) -> None:
    """Write entries in order."""
    if entries:
        await tx.conn.execute(INSERT, *ENTRY.arrays(entries))
