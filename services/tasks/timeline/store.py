"""Rows of the timeline as they are written: one per step, in the transaction of the step."""

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
    """One step: what (`kind`: an event's type, or a record's code), by whom, by which rule, on what facts.

    `owner` is the service that took it; `sequence` its place in that service's stream when it came as an event.
    A tuple: several are made per event.
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
    """Return a stored step."""
    return Entry(**{name: row[name] for name in Entry._fields})


async def write_entries(tx: Transaction, entries: Sequence[Entry]) -> None:
    """Write steps in order."""
    if entries:
        await tx.conn.execute(INSERT, *ENTRY.arrays(entries))
