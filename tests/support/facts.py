"""The facts of a settled run: rows of all four schemas, the stand-ins' journals, the topics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from deploy.local.under_way import SILENT, Connection, backlog
from deploy.standins.journal import Entry, Journal, Status
from libs.common.contracts import OWNERS
from tests.support.topics import EventFact

#: The provider whose journal is read: it reports what becomes of a message.
JOURNALED = "wazzup"
#: The mail relay. It says that it has taken a mail, and later no more than that one came back.
RELAY = "smtp"


class Journals(NamedTuple):
    """What the messenger accepted, and what the mail relay took."""

    messenger: Journal
    relay: Journal


@dataclass(frozen=True, slots=True)
class TaskFact:
    """A task as its owner, tasks, has it, and what assignment knows of it: `work_state` and `worker_id`."""

    task_id: UUID
    lead_id: UUID
    state: str
    mode: str
    operator_id: UUID | None
    comment: str | None
    offered: bool
    will_be_offered: bool
    work_state: str | None
    worker_id: UUID | None


@dataclass(frozen=True, slots=True)
class MessageFact:
    """An intent, and the keys under which it was offered to the provider; `written` by a person, not asked for.

    `rests`: it waits for the morning, or its provider says no more of what it has accepted.
    """

    message_id: UUID
    lead_id: UUID
    state: str
    attempts: Sequence[str]
    written: bool = False
    rests: bool = False
    provider: str = JOURNALED


@dataclass(frozen=True, slots=True)
class Answered:
    """The 2xx answers that clients got: a lead per order, and the comment of each task's outcome."""

    leads: Sequence[UUID]
    outcomes: Mapping[UUID, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Facts:
    """Everything that the checkers look at.

    `bounced`: the keys of mails whose bounces we were told. `streams`: the last sequence by owner and key.
    """

    answered: Answered
    leads: Sequence[UUID]
    processes: Sequence[UUID]
    live: frozenset[UUID]
    tasks: Sequence[TaskFact]
    messages: Sequence[MessageFact]
    sent: Mapping[str, int]
    delivered: frozenset[str]
    bounced: frozenset[str]
    events: Sequence[EventFact]
    streams: Mapping[tuple[str, str], int]
    left: Mapping[str, int]


# Of leads: a task of what waits for a person has a process without one.
LIVE = "SELECT lead_id FROM tasks.process WHERE ended_at IS NULL AND lead_id IS NOT NULL"
# A refund is another process of the same lead.
PROCESSES = """
SELECT p.lead_id FROM tasks.process p LEFT JOIN intake.lead l ON l.id = p.lead_id
WHERE p.lead_id IS NOT NULL AND (l.id IS NULL OR l.playbook = p.playbook)
"""
TASKS = """
SELECT t.id, t.lead_id, t.state, t.mode, t.operator_id, t.comment, t.offered_at IS NOT NULL,
       EXISTS (SELECT FROM tasks.timer o WHERE o.task_id = t.id AND o.name LIKE 'offer:%'), w.state, w.operator_id
FROM tasks.task t LEFT JOIN assignment.work w ON w.task_id = t.id
WHERE t.lead_id IS NOT NULL
"""
MESSAGES = """
SELECT m.id, m.lead_id, m.state, array_remove(array_agg(a.id::text), NULL), m.author IS NOT NULL,
       coalesce(bool_or(a.state = 'held'), false) OR (m.state = 'accepted' AND m.provider = ANY($1)), m.provider
FROM notifications.message m LEFT JOIN notifications.attempt a ON a.message_id = m.id GROUP BY m.id
"""


async def collect(conn: Connection, journals: Journals, events: Sequence[EventFact], answered: Answered) -> Facts:
    """Read every row once; the caller has waited until nothing is under way."""
    entries, mails = journals.messenger.entries.values(), journals.relay.entries.values()
    return Facts(
        answered=answered,
        leads=[row["id"] for row in await conn.fetch("SELECT id FROM intake.lead")],
        processes=[row["lead_id"] for row in await conn.fetch(PROCESSES)],
        live=frozenset(row["lead_id"] for row in await conn.fetch(LIVE)),
        tasks=[TaskFact(*row) for row in await conn.fetch(TASKS)],
        messages=[MessageFact(*row) for row in await conn.fetch(MESSAGES, SILENT)],
        sent=Counter([*(str(entry.crm_message_id) for entry in entries), *map(key_of, mails)]),
        delivered=frozenset(str(entry.crm_message_id) for entry in entries if Status.DELIVERED in entry.statuses),
        bounced=frozenset(key_of(mail) for mail in mails if Status.ERROR in mail.statuses),
        events=events,
        streams={
            (owner, row["key"]): row["version"]
            for owner in OWNERS
            for row in await conn.fetch(f"SELECT key, version FROM {owner}.stream")
        },
        left=await backlog(conn),
    )


def key_of(mail: Entry) -> str:
    """Return the key under which the relay was offered a mail: its name is that, without what no address bears."""
    return str(UUID(hex=str(mail.crm_message_id)))
