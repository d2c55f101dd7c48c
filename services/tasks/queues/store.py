"""The SQL of lanes: one filter and fixed indexes for every playbook."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

import asyncpg

from libs.common.domain.eligibility import ALL_PRODUCTS
from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Connection
from libs.common.platform.db.together import Together, Write
from services.tasks.desks.store import DESKS, ActiveDesk, active_desks
from services.tasks.operators.queries import BY_SUBJECT, profile_of
from services.tasks.operators.rules import OperatorProfile
from services.tasks.playbooks.lanes import Lane
from services.tasks.playbooks.terms import Holder
from services.tasks.processes.tables import process
from services.tasks.queues.cache import InUse
from services.tasks.queues.rules import Place, Queue, Version, Visits, bounds

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
({after} IS NULL OR t.received_at > {after}) AND ({until} IS NULL OR t.received_at <= {until})
AND t.attempt - 1 BETWEEN {least} AND {most} AND t.playbook || ' ' || t.playbook_version = ANY({versions})
AND ({starts} IS NULL OR {outside} <> (
    (((t.received_at AT TIME ZONE {zone})::time >= {starts}) = ((t.received_at AT TIME ZONE {zone})::time < {ends}))
    = ({starts} <= {ends})))
"""
_LISTED = "t.state = 'active' AND t.desk = $1 AND {drawn} AND " + _WITHIN.format(
    versions="$2::text[]", after="$5::timestamptz", until="$6::timestamptz", least="$7", most="$8", zone="$10",
    starts="$11::time", ends="$12::time", outside="$13::bool",
)  # fmt: skip
#: By whether the lane is `ahead`: what may be offered by now, or what may not yet.
_TIMES = {False: f"{_LISTED} AND t.offer_from <= $4", True: f"{_LISTED} AND t.offer_from > $4"}
_ORDERS = {False: "t.due_at, t.id", True: "t.received_at DESC, t.id DESC"}
_BEHIND = {False: "(t.due_at, t.id) > ($17, $18)", True: "(t.received_at, t.id) < ($17, $18)"}
_COUNT = "SELECT count(*) AS count, min(t.received_at) AS oldest FROM task t WHERE {let}"
_LIST = """
SELECT t.* FROM task t WHERE {let} AND ($18::uuid IS NULL
    OR (NOT t.important, t.rank) > (NOT $15::bool, $16::int)
    OR ((NOT t.important, t.rank) = (NOT $15, $16) AND {behind}))
ORDER BY t.important DESC, t.rank, {order} LIMIT $14
"""
# What may be given of a lane, behind one CASE: a plan that knew how little of it passes would sort what an index
# has in order already.
_GIVEN = f"""
t.state = 'active' AND t.desk = q.desk AND CASE WHEN {
    _WITHIN.format(
        versions="q.versions",
        after="q.after",
        until="q.until",
        least="q.least",
        most="q.most",
        zone="q.zone",
        starts="q.starts",
        ends="q.ends",
        outside="q.outside",
    )
} AND t.offer_from <= $3 AND t.role = ANY($4::text[]) AND ($6 OR t.products <@ to_jsonb($7::text[]))
"""
_AHEAD = {
    False: "(NOT t.important, t.rank, t.due_at, t.id) < (NOT o.important, o.rank, o.due_at, o.task_id)",
    True: """((NOT t.important, t.rank) < (NOT o.important, o.rank) OR ((NOT t.important, t.rank)
        = (NOT o.important, o.rank) AND (t.received_at, t.id) > (o.received_at, o.task_id)))""",
}
# The first lane that has anything for the operator, and the first of it: their own tasks are of one index, those
# that nobody has of another, each read in the order of the lane up to the first that may be given; lanes behind it
# are not read at all. Task and process are locked, the process as in every writer; what another transaction holds
# is skipped, and what it has taken meanwhile is judged anew. An own task that a free one is ahead of stays locked
# beside it until the commit. Nothing waits while it is held, so that costs its writers that moment and no deadlock;
# found without its lock, it might turn out to be another transaction's when it is its turn, with nothing to give.
# The process is read with its lock: as it is then, with all that was committed since the statement began.
_READ = "p.*, t.id AS task_id, t.order_number AS task_number, t.important, t.rank, t.due_at, t.received_at"
_FOUND = ", ".join(
    f"CASE WHEN f.task_id IS NULL THEN o.{name} ELSE f.{name} END AS {name}"
    for name in ("task_id", "task_number", *process.columns.keys())
)
_FIRST = """
SELECT q.ordinality - 1 AS place, {found}
FROM ROWS FROM (jsonb_to_recordset($1) AS (
    desk text, versions text[], draws text[], pools text[], after timestamptz, until timestamptz, least int,
    most int, zone text, starts time, ends time, outside bool, free bool, own bool)) WITH ORDINALITY AS q
LEFT JOIN LATERAL (
    SELECT {read} FROM task t JOIN process p ON p.id = t.process_id
    WHERE q.own AND t.operator_id = $2 AND {given} AND t.taken_at IS NULL AND t.pool = ANY($5::text[])
        AND (cardinality(q.draws) = 0 OR t.lane = ANY(q.draws)) THEN TRUE END
    ORDER BY t.important DESC, t.rank, {order} LIMIT 1 FOR NO KEY UPDATE OF p, t SKIP LOCKED
) o ON TRUE
LEFT JOIN LATERAL (
    SELECT {read} FROM task t JOIN process p ON p.id = t.process_id
    WHERE q.free AND t.operator_id IS NULL AND {drawn} AND {given} AND t.mode <> 'push' AND t.pool = ANY(q.pools)
        AND (o.task_id IS NULL OR {ahead}) THEN TRUE END
    ORDER BY t.important DESC, t.rank, {order} LIMIT 1 FOR NO KEY UPDATE OF p, t SKIP LOCKED
) f ON TRUE
WHERE f.task_id IS NOT NULL OR o.task_id IS NOT NULL
ORDER BY q.ordinality LIMIT 1
"""
#: By whether its lanes draw several kinds of tasks, and whether they begin with the newest.
FIRST = {
    (several, newest): _FIRST.format(
        found=_FOUND,
        read=_READ,
        given=_GIVEN,
        order=_ORDERS[newest],
        ahead=_AHEAD[newest],
        drawn="t.lane = ANY(q.draws)" if several else "t.lane = q.draws[1]",
    )
    for several in (False, True)
    for newest in (False, True)
}

_VERSIONS = """
SELECT d.desk, d.zone, p.code, p.version FROM desk d JOIN playbook p ON p.desk IN (d.desk, '*')
WHERE d.desk = ANY({desks}) AND (
    EXISTS (SELECT FROM playbook_activation a
            WHERE a.desk = d.desk AND a.code = p.code AND a.version = p.version)
    OR EXISTS (SELECT FROM task t WHERE t.state = 'active' AND t.desk = d.desk AND t.playbook = p.code
               AND t.playbook_version = p.version))
ORDER BY d.desk, p.code, p.version
"""
VERSIONS = _VERSIONS.format(desks="$1::text[]")
_THEIRS = "ARRAY(SELECT jsonb_array_elements_text(o.desks))"
# Who asks for their next task, locked as the one that acts is, with all that decides which lanes they are offered.
ASKING = f"""
SELECT o.*, (SELECT jsonb_agg(jsonb_build_array(v.desk, v.lane, v.at)) FROM lane_visit v
             WHERE v.operator_id = o.id) AS visits,
    (SELECT jsonb_agg(jsonb_build_array(v.desk, v.zone, v.code, v.version) ORDER BY v.desk, v.code, v.version)
     FROM ({_VERSIONS.format(desks=_THEIRS)}) v WHERE $2 OR v.desk = ANY($3::text[])) AS versions,
    (SELECT jsonb_agg(to_jsonb(k)) FROM ({DESKS.replace("$1::text[]", _THEIRS)}) k
     WHERE $2 OR k.desk = ANY($3)) AS at_desks
FROM ({BY_SUBJECT} FOR SHARE) o
"""  # noqa: S608 - clauses of our own
VISIT = """
INSERT INTO lane_visit (operator_id, desk, lane, at) VALUES ($1, $2, $3, $4)
ON CONFLICT (operator_id, desk, lane) DO UPDATE SET at = excluded.at
"""
_VISIT = Write("visited", (("visited", VISIT),), 4)


class Asking(NamedTuple):
    """Who asks for their next task, when each lane last gave them one, their desks and what is in use there."""

    profile: OperatorProfile
    visits: Visits
    versions: Sequence[InUse]
    desks: Mapping[str, ActiveDesk]


class Found(NamedTuple):
    """The first task of lanes, locked with its process: the number of its lane, and what is read of both."""

    place: int
    task_id: UUID
    order_number: str | None
    process: asyncpg.Record


async def asking(conn: Connection, caller: Principal) -> Asking | None:
    """Return the operator of a caller, who acts now, and what decides their lanes at the desks that both have.

    Call it before processes are locked.
    """
    row = await conn.fetchrow(ASKING, caller.sub, caller.sees_all_desks, list(caller.desks))
    if row is None:
        return None
    visits = {(desk, lane): datetime.fromisoformat(at) for desk, lane, at in row["visits"] or ()}
    versions = [InUse(*each) for each in row["versions"] or ()]
    return Asking(profile_of(row), visits, versions, active_desks(row["at_desks"] or ()))


async def versions(conn: Connection, desks: Collection[str]) -> Sequence[InUse]:
    """Return the playbook versions in use at desks."""
    return [InUse(*row) for row in await conn.fetch(VERSIONS, list(desks))]


async def first_of(
    conn: Connection,
    queues: Sequence[Queue],
    profile: OperatorProfile,
    pullable: Mapping[str, Collection[str]],
    now: datetime,
) -> Found | None:
    """Lock the first task that the operator may take of the first queue that has one.

    `pullable` are, of each desk, the pools whose tasks the operator may pull; their own tasks may be of others.
    """
    who = (list(profile.roles), list(profile.pools), ALL_PRODUCTS in profile.products, list(profile.products))
    place = 0
    for shape, alike in groupby(queues, key=_shape):
        rows = [_row(queue, pullable[queue.desk], now) for queue in alike]
        row = await conn.fetchrow(FIRST[shape], rows, profile.id, now, *who)
        if row is not None:
            return Found(place + row["place"], row["task_id"], row["task_number"], row)
        place += len(rows)
    return None


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


def visit(writes: Together, me: UUID, queue: Queue, now: datetime) -> None:
    """Record with `writes` that `next` gave the operator a task of a lane."""
    writes.add(_VISIT, me, queue.desk, queue.lane.code, now)


def _shape(queue: Queue) -> tuple[bool, bool]:
    """Return which of `FIRST` reads a queue."""
    return len(queue.lane.draws) > 1, queue.lane.newest_first


def _row(queue: Queue, pools: Collection[str], now: datetime) -> Mapping[str, object]:
    """Return a queue as `FIRST` takes it."""
    limits, holder = bounds(queue, now), queue.lane.holder
    starts, ends = limits.between or (None, None)
    return {
        "desk": queue.desk,
        "versions": _versions(queue.versions),
        "draws": queue.lane.draws,
        "pools": list(pools),
        "after": limits.received_after,
        "until": limits.received_until,
        "least": limits.attempts[0],
        "most": limits.attempts[1],
        "zone": queue.zone,
        "starts": starts,
        "ends": ends,
        "outside": limits.outside,
        "free": holder is not Holder.ME,
        "own": holder is not Holder.NOBODY,
    }


@lru_cache(maxsize=1024)
def _versions(versions: tuple[Version, ...]) -> Sequence[str]:
    return [f"{code} {number}" for code, number in versions]


def _let(lane: Lane, *, ahead: bool) -> str:
    """Return the condition on the tasks of a lane: clauses of our own, a few of each kind."""
    drawn = _DRAWN[min(len(lane.draws), 2)]
    return f"{_TIMES[ahead].format(drawn=drawn)} AND {_HOLDERS[lane.holder]}"


def _filter(queue: Queue, me: UUID | None, now: datetime) -> tuple[object, ...]:
    limits = bounds(queue, now)
    return (
        queue.desk,
        _versions(queue.versions),
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
