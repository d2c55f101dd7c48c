"""Timeline entries: rows in and out, one per step, written in the transaction of the step."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

import asyncpg

from libs.common.platform.db import Transaction
from libs.common.platform.db.bulk import Bulk
from libs.common.platform.db.together import Together, Write
from services.tasks.engine.facts import Subject
from services.tasks.engine.state import SYSTEM
from services.tasks.tasks.store import subject_of


class Entry(NamedTuple):
    """One step: its kind (an event type or a code), actor, rule and facts.

    `owner` is the service of the step; `sequence` is its place in that service's stream if it came as an event.
    `process_id` is None for a step of another service, which several processes may have heard of. It is a tuple for
    speed: several are made per event.
    """

    desk: str
    subject: Subject
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
    process_id: UUID | None = None


ENTRY: Bulk[Entry] = Bulk(
    "timeline_entry",
    (
        ("lead_id", "uuid", attrgetter("subject.lead_id")),
        ("subject_kind", "text", attrgetter("subject.kind")),
        ("subject_id", "uuid", lambda entry: None if entry.subject.lead_id else entry.subject.id),
        *(
            (name, kind, attrgetter(name))
            for name, kind in (
                ("desk", "text"),
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
                ("process_id", "uuid"),
                ("facts", "jsonb"),
            )
        ),
    ),
)
INSERT = Write("entries", (("entries", ENTRY.insert()),), len(ENTRY.columns))


def read_entry(row: asyncpg.Record) -> Entry:
    """Return a stored entry."""
    return Entry(subject=subject_of(row), **{name: row[name] for name in _PLAIN})


_PLAIN = tuple(name for name in Entry._fields if name != "subject")


async def write_entries(tx: Transaction, entries: Sequence[Entry]) -> None:
    """Write entries in order."""
    writes = Together()
    add_entries(writes, entries)
    await writes.run(tx.conn)


def add_entries(writes: Together, entries: Sequence[Entry]) -> None:
    """Write entries in order, by the statement that runs `writes`."""
    if entries:
        writes.add(INSERT, *ENTRY.arrays(entries))
