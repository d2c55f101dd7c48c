"""Who may leave: the next shift is here, and nobody is left in the middle of a conversation (S4.6)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from libs.common.contracts.shared import Presence
from libs.common.platform.db import Connection
from libs.common.platform.http.language import Text
from libs.common.platform.http.problems import Fault
from services.assignment.attendance.rules import HandoverRule
from services.assignment.attendance.store import attendance_of
from services.assignment.errors import HandoverDueError
from services.assignment.pools.rules import OperatorId

HOME = "SELECT desk, presence FROM operator WHERE id = $1"
# The planned shift that they have worked, and those that begin while it lasts, or soon after, and end later. The
# last shift of a day has none: what follows it begins after a longer gap.
NEXT = """
WITH mine AS (
    SELECT p.* FROM planned_shift p JOIN shift s ON s.operator_id = p.operator_id AND s.ended_at IS NULL
    WHERE p.operator_id = $1 AND p.desk = $2 AND p.state IN ('planned', 'here', 'missing', 'worked')
      AND p.starts_at <= $3 AND p.ends_at > s.started_at
    ORDER BY p.ends_at DESC LIMIT 1
)
SELECT n.operator_id, o.name, n.starts_at, o.presence <> 'checked_out' AND o.away IS NULL AS here
FROM mine JOIN planned_shift n ON n.desk = mine.desk AND n.operator_id <> mine.operator_id
JOIN operator o ON o.id = n.operator_id
WHERE n.state IN ('planned', 'here', 'missing') AND n.starts_at > mine.starts_at AND n.ends_at > mine.ends_at
  AND n.starts_at <= mine.ends_at + make_interval(mins => $4) AND n.ends_at > $3
  -- Who is known to be absent then is not waited for; they may have come all the same.
  AND (o.presence <> 'checked_out' OR NOT EXISTS (
      SELECT FROM absence a WHERE a.operator_id = n.operator_id AND a.state <> 'cancelled'
        AND a.starts_at <= n.starts_at AND a.ends_at > n.starts_at))
ORDER BY n.starts_at, n.operator_id
"""
CONVERSATIONS = """
SELECT task_id, lead_id FROM work
WHERE operator_id = $1 AND state IN ('offered', 'held') AND task_type = ANY($2::text[]) ORDER BY task_id
"""
HEIR = """
SELECT EXISTS (SELECT FROM operator WHERE id = $1 AND id <> $2 AND active AND $3 = ANY (desks)
                 AND presence = 'checked_in' AND away IS NULL AND absent_until IS NULL)
"""


@dataclass(frozen=True, slots=True)
class Leave:
    """How an operator leaves: who has their conversations then, and why a supervisor lets them go all the same."""

    heir_id: UUID | None = None
    override: str | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """What is handed over at a check-out."""

    heir_id: UUID | None = None
    conversations: tuple[UUID, ...] = ()


async def check_out_of(conn: Connection, who: OperatorId, leave: Leave, now: datetime) -> Left:
    """Return what an operator who leaves hands over. Raises HandoverDueError with every fault.

    Nothing is asked of who is not on shift, and of desks that have no such rule. What has no heir, by the word of a
    supervisor, goes the way of all tasks that are left behind.
    """
    home = await conn.fetchrow(HOME, who)
    rule = None if home is None else (await attendance_of(conn, home["desk"])).handover
    if home is None or rule is None or home["presence"] == Presence.CHECKED_OUT:
        return Left()
    conversations = await conn.fetch(CONVERSATIONS, who, list(rule.conversations))
    following = await _following(conn, who, home["desk"], rule, now)
    fit = leave.heir_id is None or await conn.fetchval(HEIR, leave.heir_id, who, home["desk"])
    faults = list(_faults(following, conversations, leave, fit=fit))
    if faults:
        raise HandoverDueError(faults, [_next(row) for row in following], [_task(row) for row in conversations])
    handed = tuple(row["task_id"] for row in conversations) if leave.heir_id is not None else ()
    return Left(leave.heir_id if handed else None, handed)


async def _following(
    conn: Connection, who: OperatorId, desk: str, rule: HandoverRule, now: datetime
) -> Sequence[Record]:
    """Return the next shift if nobody of it is here; empty: one is, or there is none."""
    found = await conn.fetch(NEXT, who, desk, now, rule.gap)
    return [] if any(row["here"] for row in found) else found


def _faults(
    following: Sequence[Record], conversations: Sequence[Record], leave: Leave, *, fit: bool
) -> Iterator[Fault]:
    if not fit:
        said = Text("не на смене в этом отделе", "not on shift at the desk")
        yield Fault("/heir_id", "unfit_heir", said)
    if leave.override is not None:
        return
    if following:
        names = ", ".join(row["name"] for row in following)
        yield Fault("", "next_not_here", Text(f"следующая смена ещё не пришла: {names}", f"not here yet: {names}"))
    if conversations and leave.heir_id is None:
        count = len(conversations)
        said = Text(f"открытых переписок: {count}; назовите, кому", f"open conversations: {count}; name their heir")
        yield Fault("/heir_id", "open_conversations", said)


def _next(row: Record) -> dict[str, str]:
    at = row["starts_at"].isoformat()
    return {"operator_id": str(row["operator_id"]), "name": row["name"], "starts_at": at}


def _task(row: Record) -> dict[str, str | None]:
    return {"task_id": str(row["task_id"]), "lead_id": row["lead_id"] and str(row["lead_id"])}
