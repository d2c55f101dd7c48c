"""Tasks that operators leave behind, or get back, and those of these moves that are still to be done."""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record

from libs.common.contracts import Cause
from libs.common.platform.db import Connection
from libs.common.platform.db.bulk import Bulk
from services.tasks.engine.state import MoveReason, OperatorId

#: Tasks that one transaction moves at most.
MOST = 100


class Release(NamedTuple):
    """A task that is to be released if its operator still has it; `untaken`: only if they have not taken it.

    With the reason `back` it goes back to the operator, if their stand-in has not begun it.
    """

    desk: str
    process_id: UUID
    task_id: UUID
    operator_id: OperatorId
    untaken: bool
    reason: MoveReason
    correlation_id: UUID
    causation_id: UUID | None
    traceparent: str | None

    @property
    def cause(self) -> Cause:
        return Cause(self.correlation_id, self.causation_id, self.traceparent)


class Departure(NamedTuple):
    """Why an operator has gone, and the event that said so."""

    reason: MoveReason
    cause: Cause


_TYPES = {
    "desk": "text", "process_id": "uuid", "task_id": "uuid", "operator_id": "uuid", "untaken": "bool",
    "reason": "text", "correlation_id": "uuid", "causation_id": "uuid", "traceparent": "text",
}  # fmt: skip
_RELEASE: Bulk[Release] = Bulk(
    "pending_release", tuple((name, kind, attrgetter(name)) for name, kind in _TYPES.items())
)
# What was not taken goes at once, what was taken by the rule of its pool; the most urgent first. A free task for
# one person waits for them, unless they are gone for good. Of one whose planned absence begins, all that is due
# until it ends.
LEFT_BEHIND = """
SELECT t.desk, t.process_id, t.id, t.operator_id, t.taken_at IS NULL AS untaken
FROM task t LEFT JOIN pool p ON p.desk = t.desk AND p.code = t.pool
LEFT JOIN operator o ON o.id = t.operator_id
WHERE t.state = 'active' AND t.operator_id = ANY($1::uuid[])
    AND CASE WHEN o.active AND o.absent_until IS NOT NULL THEN t.due_at < o.absent_until
        ELSE (t.taken_at IS NULL OR p.taken_work = 'release')
             AND (t.brief->>'personal' IS DISTINCT FROM 'true' OR t.operator_id = ANY($2::uuid[])) END
ORDER BY t.important DESC, t.due_at, t.id
"""
# What others have not begun: neither taken nor spoken about, nor lent on. A lead that a redistribution has given to
# another owner stays with them. Of what no operator has, only what waits for this person. `goes_back` asks again.
STOOD_IN = """
SELECT t.desk, t.process_id, t.id, t.original_id
FROM task t JOIN process p ON p.id = t.process_id
WHERE t.state = 'active' AND t.original_id = ANY($1::uuid[]) AND t.operator_id IS DISTINCT FROM t.original_id
  AND t.taken_at IS NULL AND t.lender_id IS NULL
  AND (t.operator_id IS NULL OR t.contacted_id IS DISTINCT FROM t.operator_id)
  AND (p.owner_id IS NULL OR p.owner_id = t.original_id)
  AND (t.operator_id IS NOT NULL OR t.brief ->> 'personal' = 'true')
ORDER BY t.important DESC, t.due_at, t.id
"""
KEEP = _RELEASE.insert()
CLAIM = f"""
DELETE FROM pending_release WHERE id IN (
    SELECT id FROM pending_release ORDER BY id LIMIT {MOST} FOR UPDATE SKIP LOCKED
) RETURNING *
"""  # noqa: S608 - a number of our own


async def left_behind(conn: Connection, gone: Mapping[OperatorId, Departure]) -> Sequence[Release]:
    """Return the tasks that these operators leave behind."""
    inactive = [who for who, departure in gone.items() if departure.reason is MoveReason.INACTIVE]
    return [_release(row, gone[row["operator_id"]]) for row in await conn.fetch(LEFT_BEHIND, list(gone), inactive)]


async def stood_in(conn: Connection, back: Mapping[OperatorId, Cause]) -> Sequence[Release]:
    """Return what stand-ins have not begun of those who are there again."""
    rows = await conn.fetch(STOOD_IN, list(back))
    whose = [(row, OperatorId(row["original_id"])) for row in rows]
    return [
        Release(row["desk"], row["process_id"], row["id"], who, True, MoveReason.BACK, *back[who])
        for row, who in whose
    ]


async def keep(conn: Connection, releases: Sequence[Release]) -> None:
    """Store releases for the worker."""
    await conn.execute(KEEP, *_RELEASE.arrays(releases))


async def claim(conn: Connection) -> Sequence[Release]:
    """Take the oldest stored releases; they are gone when the transaction commits."""
    rows = sorted(await conn.fetch(CLAIM), key=lambda row: row["id"])
    return [Release(*(row[name] for name in _TYPES))._replace(reason=MoveReason(row["reason"])) for row in rows]


def _release(row: Record, departure: Departure) -> Release:
    who = row["desk"], row["process_id"], row["id"], OperatorId(row["operator_id"]), row["untaken"]
    return Release(*who, departure.reason, *departure.cause)
