"""Redistributions and their members: rows in and out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record

from libs.common.contracts import Cause
from libs.common.domain.plans import Progress
from libs.common.platform.db import Connection
from libs.common.platform.db.bulk import Bulk
from libs.common.platform.stages import Plans
from services.tasks.engine.state import Operator, OperatorId, TaskId
from services.tasks.redistributions.rules import Found, Member, MemberState, Note
from services.tasks.tasks.store import Row


@dataclass(frozen=True, slots=True)
class Selection:
    """Which leads of the operator are meant; None does not filter. `due_before`: a task that is due before it."""

    playbook: str | None = None
    status: str | None = None
    task_type: str | None = None
    pool: str | None = None
    due_before: datetime | None = None
    lead_ids: tuple[UUID, ...] | None = None


@dataclass(frozen=True, slots=True)
class Redistribution:
    """A stored redistribution; `actor` is who moves its members now. `for_good`: no one stands in."""

    id: UUID
    desk: str
    former: Operator
    comment: str
    state: Progress
    actor: str
    cause: Cause
    for_good: bool = False


class MemberRow(NamedTuple):
    """A member to be written."""

    redistribution_id: UUID
    desk: str
    member: Member


# The leads that the operator owns, and those of which they have an open task.
FIND = """
WITH theirs AS (
    SELECT id FROM process WHERE owner_id = $1 AND ended_at IS NULL
    UNION SELECT process_id FROM task WHERE operator_id = $1 AND state = 'active'
)
SELECT p.id AS process_id, p.lead_id, p.order_number, p.owner_id IS NOT DISTINCT FROM $1 AS owned, p.owner_version,
       t.id AS task_id, t.type AS task_type, t.version AS task_version, t.role, t.taken_at IS NOT NULL AS taken
FROM theirs JOIN process p USING (id)
LEFT JOIN task t ON t.process_id = p.id AND t.state = 'active' AND t.operator_id = $1
WHERE p.desk = $2 AND p.ended_at IS NULL AND ($3::text IS NULL OR p.playbook = $3)
  AND ($4::text IS NULL OR p.status = $4) AND ($8::uuid[] IS NULL OR p.lead_id = ANY($8))
  AND (coalesce($5::text, $6::text, $7::timestamptz::text) IS NULL OR EXISTS (
      SELECT FROM task o WHERE o.process_id = p.id AND o.state = 'active' AND ($5::text IS NULL OR o.type = $5)
        AND ($6::text IS NULL OR o.pool = $6) AND ($7::timestamptz IS NULL OR o.due_at < $7)))
ORDER BY p.id, t.opened_at, t.id
"""
PLANS = Plans("redistribution")
INSERT = """
INSERT INTO redistribution (id, desk, from_id, from_name, targets, filter, comment, state, planned_at, planned_by,
                            correlation_id, traceparent, for_good, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'planned', $8, $9, $10, $11, $12, 1)
"""
MEMBERS = """
SELECT * FROM redistribution_member WHERE redistribution_id = $1 AND state = ANY($2::text[])
ORDER BY position LIMIT $3
"""
_COLUMNS = (
    ("redistribution_id", "uuid", attrgetter("redistribution_id")),
    ("position", "int", attrgetter("member.position")),
    ("desk", "text", attrgetter("desk")),
    ("lead_id", "uuid", attrgetter("member.lead_id")),
    ("order_number", "text", attrgetter("member.order_number")),
    ("process_id", "uuid", attrgetter("member.process_id")),
    ("moves_owner", "bool", attrgetter("member.moves_owner")),
    ("owner_version", "int", attrgetter("member.owner_version")),
    ("task_id", "uuid", attrgetter("member.task_id")),
    ("task_type", "text", attrgetter("member.task_type")),
    ("task_version", "int", attrgetter("member.task_version")),
    ("taken", "bool", attrgetter("member.taken")),
    ("to_id", "uuid", lambda row: row.member.to and row.member.to.id),
    ("to_name", "text", lambda row: row.member.to and row.member.to.name),
    ("state", "text", attrgetter("member.state")),
    ("note", "text", attrgetter("member.note")),
    ("moved_owner_version", "int", attrgetter("member.moved_owner_version")),
)
_MEMBER: Bulk[MemberRow] = Bulk("redistribution_member", _COLUMNS)
_MOVED = _MEMBER.only("redistribution_id", "position", "state", "note", "moved_owner_version")
INSERT_MEMBERS = _MEMBER.insert()
UPDATE_MEMBERS = f"""
UPDATE redistribution_member m SET state = n.state, note = n.note, moved_owner_version = n.moved_owner_version
FROM {_MOVED.source()} WHERE m.redistribution_id = n.redistribution_id AND m.position = n.position
"""  # noqa: S608 - columns of our own
ANSWER = """
UPDATE redistribution_member m SET state = n.state, note = n.note
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS n(task_id, state, note)
WHERE m.task_id = n.task_id AND m.state = 'asked'
"""


async def find(conn: Connection, operator_id: UUID, desk: str, wanted: Selection) -> list[Found]:
    """Return the leads and open tasks of an operator, sorted by process."""
    who = wanted.playbook, wanted.status, wanted.task_type, wanted.pool, wanted.due_before
    leads = None if wanted.lead_ids is None else list(wanted.lead_ids)
    rows = await conn.fetch(FIND, operator_id, desk, *who, leads)
    return [Found(**{name: row[name] for name in Found.__slots__}) for row in rows]


async def add(conn: Connection, values: Sequence[object], members: Sequence[MemberRow]) -> None:
    """Store a planned redistribution with its members."""
    await conn.execute(INSERT, *values)
    if members:
        await conn.execute(INSERT_MEMBERS, *_MEMBER.arrays(members))


async def members(
    conn: Connection, redistribution_id: UUID, states: Sequence[MemberState], limit: int
) -> list[Member]:
    """Return the next members in one of these states."""
    return [read_member(row) for row in await conn.fetch(MEMBERS, redistribution_id, list(states), limit)]


async def save(conn: Connection, rows: Sequence[MemberRow]) -> None:
    """Store what became of members; their processes are locked."""
    await conn.execute(UPDATE_MEMBERS, *_MOVED.arrays(rows))


async def answer(conn: Connection, found: Mapping[TaskId, tuple[MemberState, Note | None]]) -> None:
    """Store what became of tasks for which named operators were asked; their processes are locked."""
    states, notes = [state for state, _ in found.values()], [note for _, note in found.values()]
    await conn.execute(ANSWER, list(found), states, notes)


def read(row: Record) -> Redistribution:
    """Return a redistribution of a row."""
    return Redistribution(
        id=row["id"],
        desk=row["desk"],
        former=Operator(OperatorId(row["from_id"]), row["from_name"]),
        comment=row["comment"],
        state=Progress(row["state"]),
        actor=row["undone_by"] or row["applied_by"] or row["planned_by"],
        cause=Cause(row["correlation_id"], None, row["traceparent"]),
        for_good=row["for_good"],
    )


def read_member(row: Row) -> Member:
    """Return a member of a row."""
    return Member(
        position=row["position"],
        process_id=row["process_id"],
        lead_id=row["lead_id"],
        order_number=row["order_number"],
        moves_owner=row["moves_owner"],
        owner_version=row["owner_version"],
        task_id=row["task_id"] and TaskId(row["task_id"]),
        task_type=row["task_type"],
        task_version=row["task_version"],
        taken=row["taken"],
        to=Operator(OperatorId(row["to_id"]), row["to_name"]) if row["to_id"] else None,
        state=MemberState(row["state"]),
        note=Note(row["note"]) if row["note"] else None,
        moved_owner_version=row["moved_owner_version"],
    )
