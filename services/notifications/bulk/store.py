"""Bulk actions and their members: rows in and out, and the messages that they stop and send after all."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

import asyncpg

from libs.common.domain.plans import BulkMemberState
from libs.common.platform.db import Connection, Transaction
from libs.common.platform.db.bulk import Bulk
from libs.common.platform.stages import Plans
from services.notifications.bulk.rules import Member, MessageBulkKind, Note, Withdrawn, obstacle
from services.notifications.ladders.convert import passed_of, rungs_of
from services.notifications.ladders.rules import Rung, Stop
from services.notifications.messages.rules import MessageState
from services.notifications.sending.store import night_of
from services.notifications.templates.convert import parts_of, variants_of
from services.notifications.templates.rules import Rendered, Version
from services.notifications.withdrawals.store import Intention, take_turns, withdrawn


class MemberRow(NamedTuple):
    """A member to be written."""

    bulk_action_id: UUID
    desk: str
    member: Member


PLANS = Plans("bulk_action")
INSERT = """
INSERT INTO bulk_action (id, desk, action, filter, comment, state, planned_at, planned_by, version)
VALUES ($1, $2, $3, $4, $5, 'planned', $6, $7, 1)
"""
MEMBERS = "SELECT * FROM bulk_member WHERE bulk_action_id = $1 AND state = $2 ORDER BY position LIMIT $3"
_COLUMNS = (
    ("bulk_action_id", "uuid", attrgetter("bulk_action_id")),
    ("position", "int", attrgetter("member.position")),
    ("desk", "text", attrgetter("desk")),
    ("message_id", "uuid", attrgetter("member.message_id")),
    ("lead_id", "uuid", attrgetter("member.lead_id")),
    ("purpose", "text", attrgetter("member.purpose")),
    ("template", "text", attrgetter("member.template")),
    ("channel", "text", attrgetter("member.channel")),
    ("state", "text", attrgetter("member.state")),
    ("note", "text", attrgetter("member.note")),
)
_MEMBER: Bulk[MemberRow] = Bulk("bulk_member", _COLUMNS)
_DONE = _MEMBER.only("bulk_action_id", "position", "state", "note")
INSERT_MEMBERS = _MEMBER.insert()
UPDATE_MEMBERS = f"""
UPDATE bulk_member m SET state = n.state, note = n.note
FROM {_DONE.source()} WHERE m.bulk_action_id = n.bulk_action_id AND m.position = n.position
"""  # noqa: S608 - columns of our own
# A claim that is under way is waited for: afterwards its attempt is being sent, and is no more among these. A claim
# never waits (it skips what is locked), so that neither keeps the other.
STOP = """
UPDATE attempt SET state = 'refused', code = $2
WHERE id IN (SELECT a.id FROM attempt a JOIN message m ON m.id = a.message_id
             WHERE m.id = ANY($1::uuid[]) AND m.state = 'pending'
               AND a.state IN ('pending', 'held') AND a.offered_at IS NULL
             ORDER BY a.id FOR UPDATE OF a)
RETURNING message_id, rung
"""
MARK = """
UPDATE message SET withdrawn_at = $2, withdrawn_by = $3, changed_at = $2
WHERE id IN (SELECT id FROM message WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE)
"""
STANDING = """
SELECT id, state, code, EXISTS (SELECT FROM attempt a WHERE a.message_id = m.id AND a.state <> 'refused'
                                AND (a.offered_at IS NOT NULL OR a.state NOT IN ('pending', 'held'))) AS offered
FROM message m WHERE id = ANY($1::uuid[])
"""
INTENTIONS = "SELECT desk, dedupe_key FROM message WHERE id = ANY($1::uuid[])"
LOCK_WITHDRAWN = """
SELECT m.*, t.variants, a.channel_id
FROM message m LEFT JOIN template t ON t.desk = m.desk AND t.code = m.template AND t.version = m.template_version
     CROSS JOIN LATERAL (SELECT channel_id FROM attempt WHERE message_id = m.id ORDER BY number DESC LIMIT 1) a
WHERE m.id = ANY($1::uuid[]) ORDER BY m.id FOR NO KEY UPDATE OF m
"""
# Its steps are published anew: it goes as a message that was never withdrawn.
RESTORE = """
UPDATE message SET state = 'pending', code = NULL, detail = NULL, published = '{}', withdrawn_at = NULL,
    withdrawn_by = NULL, changed_at = $2
WHERE id = ANY($1::uuid[])
"""


@dataclass(frozen=True, slots=True)
class Planned:
    """A bulk action to be stored."""

    id: UUID
    desk: str
    action: MessageBulkKind
    filter: Mapping[str, object]
    comment: str
    members: Sequence[Member]
    at: datetime
    by: str


async def add(conn: Connection, plan: Planned) -> None:
    """Store a planned bulk action with its members."""
    await conn.execute(INSERT, plan.id, plan.desk, plan.action, plan.filter, plan.comment, plan.at, plan.by)
    if plan.members:
        rows = [MemberRow(plan.id, plan.desk, member) for member in plan.members]
        await conn.execute(INSERT_MEMBERS, *_MEMBER.arrays(rows))


async def members(conn: Connection, bulk_action_id: UUID, state: BulkMemberState, limit: int) -> list[Member]:
    """Return the next members in a state."""
    rows = await conn.fetch(MEMBERS, bulk_action_id, state, limit)
    return [Member(**{name: row[name] for name in Member.__slots__}) for row in rows]


async def save(conn: Connection, bulk_action_id: UUID, desk: str, done: Sequence[Member]) -> None:
    """Store what became of members."""
    if done:
        rows = [MemberRow(bulk_action_id, desk, member) for member in done]
        await conn.execute(UPDATE_MEMBERS, *_DONE.arrays(rows))


async def stop(tx: Transaction, messages: Sequence[UUID], actor: str, now: datetime) -> Sequence[tuple[UUID, int]]:
    """Refuse the attempts of messages that nothing has left for; return these messages and their rungs."""
    rows = await tx.conn.fetch(STOP, messages, str(Stop.WITHDRAWN))
    await tx.conn.execute(MARK, [row["message_id"] for row in rows], now, actor)
    return [(row["message_id"], row["rung"]) for row in rows]


async def obstacles(conn: Connection, messages: Sequence[UUID]) -> dict[UUID, Note | None]:
    """Return what keeps each of these messages from being withdrawn as it is now."""
    rows = await conn.fetch(STANDING, messages)
    return {row["id"]: obstacle(MessageState(row["state"]), offered=row["offered"]) for row in rows}


async def lock_withdrawn(tx: Transaction, messages: Sequence[UUID]) -> dict[UUID, Withdrawn]:
    """Lock messages, in turn with their playbooks' requests and withdrawals, and return them."""
    intentions = {(row["desk"], row["dedupe_key"]) for row in await tx.conn.fetch(INTENTIONS, messages)}
    await take_turns(tx, intentions)
    unwanted = await withdrawn(tx, intentions)
    return {row["id"]: _withdrawn(row, unwanted) for row in await tx.conn.fetch(LOCK_WITHDRAWN, messages)}


async def restore(tx: Transaction, messages: Sequence[UUID], now: datetime) -> None:
    """Let messages be as if they had never been withdrawn; their steps were made."""
    await tx.conn.execute(RESTORE, messages, now)


def _withdrawn(row: asyncpg.Record, unwanted: Collection[Intention]) -> Withdrawn:
    advertises = Version(0, {}, variants_of(row["variants"] or {})).marketing
    rendered = Rendered(row["text"], row["language"], parts_of(row["parts"]))
    via = row["rung"], row["channel_id"], row["channel"], row["provider"], row["address"]
    return Withdrawn(
        state=MessageState(row["state"]),
        code=row["code"],
        unwanted=(row["desk"], row["dedupe_key"]) in unwanted,
        deadline=row["deadline"],
        rungs=(Rung(*via, rendered, advertises), *rungs_of(row["ahead"])),
        passed=passed_of(row["passed"]),
        night=night_of(row),
    )
