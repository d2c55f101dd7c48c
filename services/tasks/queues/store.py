"""The SQL of lanes: one filter and fixed indexes for every playbook."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from libs.common.domain.eligibility import ALL_PRODUCTS
from libs.common.platform.db import Connection
from services.tasks.operators.rules import OperatorProfile
from services.tasks.playbooks.lanes import Lane
from services.tasks.playbooks.terms import Holder
from services.tasks.queues.rules import Place, Queue, Visits, bounds

_HOLDERS = {
    Holder.NOBODY: "t.operator_id IS NULL AND $9::uuid IS NOT DISTINCT FROM $9",
    Holder.ME: "t.operator_id = $9::uuid",
    Holder.ANYONE: "$9::uuid IS NOT DISTINCT FROM $9",
}
#: By how many kinds of tasks a lane draws, up to two: the plan of one is read by an index, in the lane's order.
_DRAWN = (
    "$3::text[] IS NOT NULL",
    "t.lane = ($3::text[])[1]",
    "t.lane = ANY($3::text[])",
)
# A time of day is in a window when it is behind its beginning and before its end: both of them in a window of one
# day (neither cannot be), exactly one in a window over midnight (both cannot be).
_WITHIN = """
t.state = 'active' AND t.desk = $1 AND t.playbook || ' ' || t.playbook_version = ANY($2::text[])
AND {drawn}
AND ($5::timestamptz IS NULL OR t.received_at > $5) AND ($6::timestamptz IS NULL OR t.received_at <= $6)
AND t.attempt - 1 BETWEEN $7 AND $8
AND ($11::time IS NULL OR $13::bool <> (
    (((t.received_at AT TIME ZONE $10)::time >= $11) = ((t.received_at AT TIME ZONE $10)::time < $12::time))
    = ($11 <= $12)))
"""
#: By whether the lane is `ahead`: what may be offered by now, or what may not yet.
_TIMES = {False: f"{_WITHIN} AND t.offer_from <= $4", True: f"{_WITHIN} AND t.offer_from > $4"}
_ORDERS = {False: "t.due_at, t.id", True: "t.received_at DESC, t.id DESC"}
_BEHIND = {False: "(t.due_at, t.id) > ($17, $18)", True: "(t.received_at, t.id) < ($17, $18)"}
_ELIGIBLE = """
AND t.taken_at IS NULL AND (t.operator_id = $9 OR (t.operator_id IS NULL AND t.mode <> 'push'))
AND t.role = ANY($14::text[]) AND t.pool = ANY($15::text[])
AND (t.operator_id = $9 OR t.pool = ANY($18::text[])) AND ($16 OR t.products <@ to_jsonb($17::text[]))
"""
# The process is locked, as in every writer; a process that another transaction holds is skipped.
_NEXT = """
SELECT t.id, t.process_id FROM task t JOIN process p ON p.id = t.process_id
WHERE {let} {eligible}
ORDER BY t.important DESC, t.rank, {order} LIMIT 1
FOR NO KEY UPDATE OF p SKIP LOCKED
"""
_COUNT = "SELECT count(*) AS count, min(t.received_at) AS oldest FROM task t WHERE {let}"
_LIST = """
SELECT t.* FROM task t WHERE {let} AND ($18::uuid IS NULL
    OR (NOT t.important, t.rank) > (NOT $15::bool, $16::int)
    OR ((NOT t.important, t.rank) = (NOT $15, $16) AND {behind}))
ORDER BY t.important DESC, t.rank, {order} LIMIT $14
"""


VERSIONS = """
SELECT d.desk, d.zone, p.code, p.version FROM desk d JOIN playbook p ON p.desk IN (d.desk, '*')
WHERE d.desk = ANY($1::text[]) AND (
    EXISTS (SELECT FROM playbook_activation a
            WHERE a.desk = d.desk AND a.code = p.code AND a.version = p.version)
    OR EXISTS (SELECT FROM task t WHERE t.state = 'active' AND t.desk = d.desk AND t.playbook = p.code
               AND t.playbook_version = p.version))
ORDER BY d.desk, p.code, p.version
"""
VISITS = "SELECT desk, lane, at FROM lane_visit WHERE operator_id = $1"
VISIT = """
INSERT INTO lane_visit (operator_id, desk, lane, at) VALUES ($1, $2, $3, $4)
ON CONFLICT (operator_id, desk, lane) DO UPDATE SET at = excluded.at
"""


async def versions(conn: Connection, desks: Collection[str]) -> Sequence[asyncpg.Record]:
    """Return the playbook versions in use at desks: active ones, and those of open tasks."""
    return await conn.fetch(VERSIONS, list(desks))


async def next_of(
    conn: Connection, queue: Queue, profile: OperatorProfile, pullable: Collection[str], now: datetime
) -> asyncpg.Record | None:
    """Lock the process of the first task of a queue that the operator may take; return the ids of both.

    `pullable` are the pools whose tasks the operator may pull; their own tasks may be of others.
    """
    products = ALL_PRODUCTS in profile.products, list(profile.products)
    order = _ORDERS[queue.lane.newest_first]
    statement = _NEXT.format(let=_let(queue.lane, ahead=False), eligible=_ELIGIBLE, order=order)
    return await conn.fetchrow(
        statement,
        *_filter(queue, profile.id, now),
        list(profile.roles),
        list(profile.pools),
        *products,
        list(pullable),
    )


async def size(conn: Connection, queue: Queue, me: UUID | None, now: datetime) -> tuple[int, datetime | None]:
    """Return the number of a queue's tasks, and when its oldest lead was received."""
    statement = _COUNT.format(let=_let(queue.lane, ahead=queue.lane.ahead))
    row = await conn.fetchrow(statement, *_filter(queue, me, now))
    return (row["count"], row["oldest"]) if row else (0, None)


async def tasks(
    conn: Connection, queue: Queue, me: UUID | None, now: datetime, limit: int, after: Place | None
) -> Sequence[asyncpg.Record]:
    """Return tasks of a queue in its order, starting after a place."""
    newest = queue.lane.newest_first
    let = _let(queue.lane, ahead=queue.lane.ahead)
    statement = _LIST.format(let=let, behind=_BEHIND[newest], order=_ORDERS[newest])
    behind = (after.important, after.rank, after.at, after.id) if after else (None, None, None, None)
    return await conn.fetch(statement, *_filter(queue, me, now), limit, *behind)


async def visits(conn: Connection, me: UUID) -> Visits:
    """Return when `next` last gave the operator a task of each lane."""
    return {(row["desk"], row["lane"]): row["at"] for row in await conn.fetch(VISITS, me)}


async def visit(conn: Connection, me: UUID, queue: Queue, now: datetime) -> None:
    """Record that `next` gave the operator a task of a lane."""
    await conn.execute(VISIT, me, queue.desk, queue.lane.code, now)


def _let(lane: Lane, *, ahead: bool) -> str:
    """Return the condition on the tasks of a lane: clauses of our own, a few of each kind."""
    drawn = _DRAWN[min(len(lane.draws), 2)]
    return f"{_TIMES[ahead].format(drawn=drawn)} AND {_HOLDERS[lane.holder]}"


def _filter(queue: Queue, me: UUID | None, now: datetime) -> tuple[object, ...]:
    limits = bounds(queue, now)
    return (
        queue.desk,
        [f"{code} {number}" for code, number in queue.versions],
        list(queue.lane.draws),
        now,
        limits.received_after,
        limits.received_until,
        *limits.attempts,
        me,
        queue.zone,
        *(limits.between or (None, None)),
        limits.outside,
    )
