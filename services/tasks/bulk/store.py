"""Bulk actions and their members: rows in and out."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record
from pydantic import TypeAdapter

from libs.common.contracts import Cause
from libs.common.domain.plans import BulkMemberState, Progress
from libs.common.platform.db import Connection
from libs.common.platform.db.bulk import Bulk
from libs.common.platform.stages import Plans
from services.tasks.bulk.rules import BulkKind, Member, Order, Wanted
from services.tasks.engine.deeds import Deed, Left
from services.tasks.engine.state import Operator, OperatorId, TaskId


@dataclass(frozen=True, slots=True)
class BulkAction:
    """A stored bulk action; its order's actor is who acts now."""

    id: UUID
    state: Progress
    order: Order
    cause: Cause


class MemberRow(NamedTuple):
    """A member to be written."""

    bulk_action_id: UUID
    desk: str
    member: Member


PLANS = Plans("bulk_action")
INSERT = """
INSERT INTO bulk_action (id, desk, action, details, filter, "left", comment, state, planned_at, planned_by,
                         correlation_id, traceparent, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'planned', $8, $9, $10, $11, 1)
"""
MEMBERS = "SELECT * FROM bulk_member WHERE bulk_action_id = $1 AND state = $2 ORDER BY position LIMIT $3"
# What was done last is taken back first.
DONE_LAST = "SELECT * FROM bulk_member WHERE bulk_action_id = $1 AND state = $2 ORDER BY position DESC LIMIT $3"
_DEED = TypeAdapter(Deed)
_COLUMNS = (
    ("bulk_action_id", "uuid", attrgetter("bulk_action_id")),
    ("position", "int", attrgetter("member.position")),
    ("desk", "text", attrgetter("desk")),
    ("process_id", "uuid", attrgetter("member.process_id")),
    ("lead_id", "uuid", attrgetter("member.lead_id")),
    ("order_number", "text", attrgetter("member.order_number")),
    ("task_id", "uuid", attrgetter("member.task_id")),
    ("task_type", "text", attrgetter("member.task_type")),
    ("task_version", "int", attrgetter("member.task_version")),
    ("from_id", "uuid", attrgetter("member.from_id")),
    ("state", "text", attrgetter("member.state")),
    ("note", "text", attrgetter("member.note")),
    ("done_version", "int", attrgetter("member.done_version")),
    ("opened", "int", attrgetter("member.opened")),
    ("deed", "jsonb", lambda row: row.member.deed and _DEED.dump_python(row.member.deed, mode="json")),
)
_MEMBER: Bulk[MemberRow] = Bulk("bulk_member", _COLUMNS)
_DONE = _MEMBER.only("bulk_action_id", "position", "state", "note", "done_version", "opened", "deed")
INSERT_MEMBERS = _MEMBER.insert()
UPDATE_MEMBERS = f"""
UPDATE bulk_member m SET state = n.state, note = n.note, done_version = n.done_version, opened = n.opened,
    deed = n.deed
FROM {_DONE.source()} WHERE m.bulk_action_id = n.bulk_action_id AND m.position = n.position
"""  # noqa: S608 - columns of our own


@dataclass(frozen=True, slots=True)
class Planned:
    """A bulk action to be stored."""

    id: UUID
    order: Order
    filter: Mapping[str, object]
    left: Sequence[tuple[Left, int]]
    members: Sequence[Member]
    at: datetime
    cause: Cause


async def add(conn: Connection, planned: Planned) -> None:
    """Store a planned bulk action with its members."""
    order, cause = planned.order, planned.cause
    left = [{"kind": each.kind, "code": each.code, "count": count} for each, count in planned.left]
    details = {
        "outcome": order.wanted and asdict(order.wanted),
        "to": order.to and {"id": str(order.to.id), "name": order.to.name},
    }
    words = planned.id, order.desk, order.action, details, planned.filter, left, order.comment
    await conn.execute(INSERT, *words, planned.at, order.actor, cause.correlation_id, cause.traceparent)
    if planned.members:
        rows = [MemberRow(planned.id, order.desk, member) for member in planned.members]
        await conn.execute(INSERT_MEMBERS, *_MEMBER.arrays(rows))


async def members(conn: Connection, bulk_action_id: UUID, state: BulkMemberState, limit: int) -> list[Member]:
    """Return the next members in a state, of those that are done the last."""
    statement = DONE_LAST if state is BulkMemberState.DONE else MEMBERS
    return [read_member(row) for row in await conn.fetch(statement, bulk_action_id, state, limit)]


async def save(conn: Connection, bulk_action_id: UUID, desk: str, done: Sequence[Member]) -> None:
    """Store what became of members; their processes are locked."""
    if done:
        rows = [MemberRow(bulk_action_id, desk, member) for member in done]
        await conn.execute(UPDATE_MEMBERS, *_DONE.arrays(rows))


def read(row: Record) -> BulkAction:
    """Return a bulk action of a row."""
    details = row["details"]
    wanted, to = details["outcome"], details["to"]
    order = Order(
        desk=row["desk"],
        action=BulkKind(row["action"]),
        actor=row["undone_by"] or row["applied_by"] or row["planned_by"],
        comment=row["comment"],
        wanted=Wanted(**wanted) if wanted else None,
        to=Operator(OperatorId(UUID(to["id"])), to["name"]) if to else None,
    )
    return BulkAction(
        row["id"], Progress(row["state"]), order, Cause(row["correlation_id"], None, row["traceparent"])
    )


def read_member(row: Record) -> Member:
    """Return a member of a row."""
    return Member(
        position=row["position"],
        process_id=row["process_id"],
        lead_id=row["lead_id"],
        order_number=row["order_number"],
        task_id=TaskId(row["task_id"]),
        task_type=row["task_type"],
        task_version=row["task_version"],
        from_id=row["from_id"] and OperatorId(row["from_id"]),
        state=BulkMemberState(row["state"]),
        note=row["note"],
        done_version=row["done_version"],
        opened=row["opened"],
        deed=row["deed"] and _DEED.validate_python(row["deed"], strict=False),
    )
