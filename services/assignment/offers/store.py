"""Offers, pools and operators: rows in and out of a snapshot, and the SQL that locks and writes them.

One statement reads all that a transaction decides on, one writes it. Pools are locked before operators, both in
id order. Every change of turns, seats, open work or waiting work holds these locks, so that two check-ins or two
batches never give the same work twice or exceed a capacity.

Offers and decisions are written from JSON records, not as a `Bulk`: most transactions write one of each, and there
28 arrays cost half as much again as two documents (measured: 0.8 against 0.5 ms; even at ten rows, a fifth less at
a hundred). Their products, a list per row, would be JSON within the arrays all the same.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import TypeAlias
from uuid import UUID

from asyncpg import Record

from libs.common.contracts.shared import Presence
from libs.common.platform.db import Transaction
from libs.common.platform.db.bulk import Bulk
from libs.common.platform.db.together import Together, Write
from libs.common.platform.ids import uuid7
from services.assignment.offers.rules import Offer, Origin, Proposal, Request, Settle, Turn, WorkState
from services.assignment.offers.snapshot import Snapshot, Verdict
from services.assignment.pools.rules import (
    Candidate,
    DecisionId,
    LeadId,
    Need,
    Operator,
    OperatorId,
    PoolId,
    PoolState,
    Seat,
    TaskId,
)

Row: TypeAlias = Mapping[str, object]

_WORK = """
task_id, desk, lead_id, key, state, pool_id, task_version, role, products, prefer_operator_id, due_at, requested_at,
correlation_id, causation_id, traceparent, operator_id, decision_id, turn_start, turn_cost, changed_at,
avoid_operator_id, among, untaken, spent_start, spent_cost, task_type
"""
# Also the pools of the same operators: an operator with free capacity may get work of any of their pools.
_WIDENED = """
held AS (
    SELECT pool_id, operator_id FROM work WHERE task_id = ANY($1)
), staff AS (
    SELECT operator_id FROM held WHERE operator_id IS NOT NULL UNION SELECT unnest($3::uuid[])
), near AS (
    SELECT pool_id FROM held WHERE pool_id IS NOT NULL
    UNION SELECT unnest($2::uuid[])
    UNION SELECT pool_id FROM seat JOIN staff USING (operator_id)
), wide AS (
    SELECT pool_id FROM near
    UNION SELECT other.pool_id FROM near JOIN seat mine USING (pool_id) JOIN seat other USING (operator_id)
)
"""
_GIVEN = """
staff AS (SELECT unnest($3::uuid[]) AS operator_id), wide AS (SELECT unnest($2::uuid[]) AS pool_id)
"""
# An aggregate gives its row when all that it reads has been read: no operator is locked before the last pool.
# Locked rows are the newest ones, all else is as it was when the statement began: one that had to wait for others
# is repeated. What another transaction may change of it leaves a newer row of a pool or an operator behind; events
# of one task need not, and come one after the other.
_LOCKED = f"""
pools AS (
    SELECT id, desk, code, virtual_time, turn, share, after_call, xmin AS row_version FROM pool
    WHERE id IN (SELECT pool_id FROM wide) ORDER BY id FOR NO KEY UPDATE
), locked AS MATERIALIZED (
    SELECT array_agg(id) AS ids FROM pools
), crew AS MATERIALIZED (
    SELECT ARRAY(
        SELECT operator_id FROM staff UNION SELECT operator_id FROM seat WHERE pool_id = ANY(ids)
    ) AS ids FROM locked
), people AS (
    SELECT o.id, name, active, presence, roles, desks, products, capacity, open_work, away IS NOT NULL AS away,
           version, last_work_at, absent_until IS NOT NULL AS absent, deputy_id, after_call_until,
           o.xmin AS row_version
    FROM crew JOIN operator o ON o.id = ANY(crew.ids) ORDER BY o.id FOR NO KEY UPDATE OF o
), found AS (
    SELECT
        ARRAY(SELECT ROW(id, desk, code, virtual_time, turn, share, after_call) FROM pools) AS pools,
        ARRAY(SELECT ROW(id, name, active, presence, roles, desks, products, capacity, open_work, away, version,
                         last_work_at, absent, deputy_id, after_call_until) FROM people) AS people,
        ARRAY(SELECT ROW(pool_id, operator_id, weight, virtual_time, floor, eligible, last_turn, turns)
              FROM locked JOIN seat ON pool_id = ANY(ids) ORDER BY pool_id, operator_id) AS seats,
        EXISTS (SELECT FROM pools now JOIN pool seen USING (id) WHERE now.row_version <> seen.xmin)
        OR EXISTS (SELECT FROM people now JOIN operator seen USING (id) WHERE now.row_version <> seen.xmin)
        AS waited
)
SELECT found.*, {_WORK}
FROM found FULL JOIN (SELECT {_WORK} FROM work WHERE task_id = ANY($1)) AS own ON false
"""  # noqa: S608 - columns of our own
READ = f"WITH {_WIDENED}, {_LOCKED}"
READ_LOCKED = f"WITH {_GIVEN}, {_LOCKED}"

# Only work that a free operator can do, so that a backlog for which none is eligible does not hide the rest.
# Untaken tasks are counted of offers that this transaction has not changed ($6); those of changed ones are given.
WAITING = f"""
WITH free AS MATERIALIZED (
    SELECT id, room, given, (
        SELECT count(*) FROM work w
        WHERE w.operator_id = f.id AND (w.state = 'offered' OR w.untaken) AND w.task_id <> ALL($6)
    ) AS stored
    FROM unnest($2::uuid[], $3::int[], $4::int[]) AS f(id, room, given)
), page AS (
    SELECT w.* FROM work w JOIN pool p ON p.id = w.pool_id
    WHERE w.state = 'waiting' AND w.pool_id = ANY($1) AND w.task_id <> ALL($6) AND EXISTS (
        SELECT FROM free f JOIN operator o USING (id) JOIN seat s ON s.operator_id = o.id
        WHERE s.pool_id = w.pool_id AND f.given + f.stored < p.share
          AND w.role = ANY(o.roles) AND p.desk = ANY(o.desks)
          AND (w.products <@ o.products OR '*' = ANY(o.products)) AND o.id IS DISTINCT FROM w.avoid_operator_id
          AND (w.among IS NULL OR o.id = ANY(w.among))
    )
    ORDER BY w.due_at, w.requested_at, w.task_id
    LIMIT (SELECT coalesce(sum(greatest(0, least(room, $5 - given - stored))), 0) FROM free)
)
SELECT free.id AS free_id, stored, {_WORK} FROM free FULL JOIN page ON false
"""  # noqa: S608 - columns of our own

OPERATORS: Bulk[Operator] = Bulk(
    "operator",
    (
        ("id", "uuid", attrgetter("operator_id")),
        ("open_work", "int", attrgetter("open_work")),
        ("last_work_at", "timestamptz", attrgetter("last_work_at")),
        ("after_call_until", "timestamptz", attrgetter("after_call_until")),
    ),
)
POOLS: Bulk[PoolState] = Bulk(
    "pool",
    (
        ("id", "uuid", attrgetter("pool_id")),
        ("virtual_time", "bigint", attrgetter("virtual_time")),
        ("turn", "bigint", attrgetter("turn")),
    ),
)
SEATS: Bulk[tuple[PoolId, Seat]] = Bulk(
    "seat",
    (
        ("pool_id", "uuid", itemgetter(0)),
        ("operator_id", "uuid", lambda place: place[1].operator_id),
        ("virtual_time", "bigint", lambda place: place[1].virtual_time),
        ("floor", "bigint", lambda place: place[1].entry_time),
        ("eligible", "boolean", lambda place: place[1].eligible),
        ("last_turn", "bigint", lambda place: place[1].last_turn),
        ("turns", "bigint", lambda place: place[1].turns),
    ),
)
SETTLED: Bulk[Settle] = Bulk(
    "decision",
    (
        ("id", "uuid", attrgetter("decision_id")),
        ("outcome", "text", attrgetter("outcome")),
        ("reason", "text", attrgetter("reason")),
    ),
)
# Constraints hold in each part as they would alone: checks and keys by the row, references at the end.
_DECIDED = """
INSERT INTO decision (id, desk, pool_id, task_id, lead_id, task_version, operator_id, reason, candidates, at)
SELECT id, desk, pool_id, task_id, lead_id, task_version, operator_id, reason, candidates, at
FROM jsonb_populate_recordset(null::decision, $1)
"""
_SETTLED = f"""
UPDATE decision d SET outcome = n.outcome, outcome_reason = n.reason, outcome_at = $3
FROM unnest({SETTLED.parameters(4)}) AS n({SETTLED.names}) WHERE d.id = n.id
"""  # noqa: S608 - columns of our own
_COUNTS = f"""
UPDATE operator o SET open_work = n.open_work, last_work_at = n.last_work_at, after_call_until = n.after_call_until
FROM unnest({OPERATORS.parameters(7)}) AS n({OPERATORS.names}) WHERE o.id = n.id
"""  # noqa: S608 - columns of our own
_TURNS = f"""
UPDATE pool p SET virtual_time = n.virtual_time, turn = n.turn
FROM unnest({POOLS.parameters(11)}) AS n({POOLS.names}) WHERE p.id = n.id
"""  # noqa: S608 - columns of our own
_SEATS = f"""
UPDATE seat s SET virtual_time = n.virtual_time, floor = n.floor, eligible = n.eligible, last_turn = n.last_turn,
                  turns = n.turns
FROM unnest({SEATS.parameters(14)}) AS n({SEATS.names})
WHERE s.pool_id = n.pool_id AND s.operator_id = n.operator_id
"""  # noqa: S608 - columns of our own
_OFFERS = f"""
INSERT INTO work ({_WORK})
SELECT {_WORK} FROM jsonb_populate_recordset(null::work, $2)
ON CONFLICT (task_id) DO UPDATE SET
    state = excluded.state, pool_id = excluded.pool_id, task_version = excluded.task_version,
    role = excluded.role, products = excluded.products, prefer_operator_id = excluded.prefer_operator_id,
    due_at = excluded.due_at, requested_at = excluded.requested_at,
    correlation_id = excluded.correlation_id, causation_id = excluded.causation_id,
    traceparent = excluded.traceparent, operator_id = excluded.operator_id,
    decision_id = excluded.decision_id, turn_start = excluded.turn_start, turn_cost = excluded.turn_cost,
    changed_at = excluded.changed_at, avoid_operator_id = excluded.avoid_operator_id, among = excluded.among,
    untaken = excluded.untaken, spent_start = excluded.spent_start, spent_cost = excluded.spent_cost,
    task_type = excluded.task_type
"""  # noqa: S608 - columns of our own
SAVE = Write(
    "offers",
    (
        ("decided", _DECIDED),
        ("settled", _SETTLED),
        ("counts", _COUNTS),
        ("turns", _TURNS),
        ("seats", _SEATS),
        ("offers", _OFFERS),
    ),
    3 + sum(len(bulk.columns) for bulk in (SETTLED, OPERATORS, POOLS, SEATS)),
)
LAST_DECISIONS = """
SELECT DISTINCT ON (d.task_id) d.*, p.code AS pool, o.name AS operator_name
FROM decision d JOIN pool p ON p.id = d.pool_id LEFT JOIN operator o ON o.id = d.operator_id
WHERE d.task_id = ANY($1) ORDER BY d.task_id, d.id DESC
"""


@dataclass(frozen=True, slots=True)
class Scope:
    """The tasks, pools and operators of a transaction."""

    tasks: Collection[UUID] = ()
    pools: Collection[UUID] = ()
    operators: Collection[UUID] = ()


async def load(tx: Transaction, scope: Scope) -> Snapshot:
    """Lock all pools that a scope can affect and their operators, and return their snapshot."""
    snapshot, waited = _snapshot(await _read(tx, READ, scope))
    return await reload(tx, snapshot, scope.tasks) if waited else snapshot


async def reload(tx: Transaction, locked: Snapshot, tasks: Collection[UUID] = ()) -> Snapshot:
    """Read a snapshot whose pools this transaction has locked once more, as it is now."""
    scope = Scope(tasks, locked.pools.keys(), locked.operators.keys())
    return _snapshot(await _read(tx, READ_LOCKED, scope))[0]


async def waiting_offers(tx: Transaction, snapshot: Snapshot) -> tuple[list[Offer], bool]:
    """Return the most urgent waiting offers that free operators can take, and whether there may be more.

    They are as many as the operators may get now, at most.
    """
    free = snapshot.free_capacity()
    if not free:
        return [], False
    given = snapshot.untaken_of_changed()
    share = max((pool.share for pool in snapshot.pools.values()), default=0)
    columns = list(free), list(free.values()), [given[who] for who in free]
    rows = await tx.conn.fetch(WAITING, list(snapshot.pools), *columns, share, list(snapshot.changed))
    snapshot.know_untaken({OperatorId(row["free_id"]): row["stored"] for row in rows if row["free_id"]})
    limit = sum(max(0, min(room, share - snapshot.operators[who].untaken)) for who, room in free.items())
    offers = [offer_of(row) for row in rows if row["task_id"]]
    return offers, bool(offers) and len(offers) == limit


async def repeated_decisions(tx: Transaction, snapshot: Snapshot) -> Sequence[Record]:
    """Return the last decision of each offer whose request was repeated and that still is as decided then."""
    asked = [each for each in snapshot.repeated if snapshot.offers[each].is_under_way]
    asked = [each for each in asked if each not in snapshot.changed]
    return await tx.conn.fetch(LAST_DECISIONS, asked) if asked else []


def save(writes: Together, snapshot: Snapshot, now: datetime) -> None:
    """Write the changes of a snapshot with `writes`: decisions and their outcomes, offers, open counts, turns."""
    if snapshot.changed:
        writes.add(
            SAVE,
            [decision_row(verdict) for verdict in snapshot.verdicts],
            [offer_row(snapshot.offers[task_id], now) for task_id in snapshot.changed],
            now,
            *SETTLED.arrays(snapshot.settled),
            *OPERATORS.arrays(snapshot.changed_operators()),
            *POOLS.arrays(snapshot.changed_pools()),
            *SEATS.arrays(snapshot.changed_seats()),
        )


async def _read(tx: Transaction, statement: str, scope: Scope) -> Sequence[Record]:
    return await tx.conn.fetch(statement, list(scope.tasks), list(scope.pools), list(scope.operators))


def _snapshot(rows: Sequence[Record]) -> tuple[Snapshot, bool]:
    """Return what was read, and whether the statement had to wait for another transaction's changes."""
    [found] = [row for row in rows if row["task_id"] is None]
    operators = _operators_of(found)
    offers = {TaskId(row["task_id"]): offer_of(row) for row in rows if row["task_id"] is not None}
    pools = _pools_of(found, operators)
    return Snapshot(operators, pools, offers, lambda: DecisionId(uuid7())), found["waited"]


def _operators_of(found: Record) -> dict[OperatorId, Operator]:
    operators = {}
    for who, name, active, presence, roles, desks, products, *counters in found["people"]:
        able = frozenset(roles), frozenset(desks), frozenset(products)
        operators[OperatorId(who)] = Operator(OperatorId(who), name, active, Presence(presence), *able, *counters)
    return operators


def _pools_of(found: Record, operators: Mapping[OperatorId, Operator]) -> dict[PoolId, PoolState]:
    seats = {
        pool_id: tuple([Seat(OperatorId(who), *counters) for _, who, *counters in places])
        for pool_id, places in groupby(found["seats"], key=itemgetter(0))
    }
    return {
        PoolId(pool_id): PoolState(PoolId(pool_id), desk, code, seats.get(pool_id, ()), operators, *counters)
        for pool_id, desk, code, *counters in found["pools"]
    }


def offer_of(row: Record) -> Offer:
    """Return the offer of a row of `work`."""
    return Offer(
        TaskId(row["task_id"]),
        LeadId(row["lead_id"]) if row["lead_id"] else None,
        row["key"] or f"lead:{row['lead_id']}",
        row["desk"],
        WorkState(row["state"]),
        _request_of(row) if row["pool_id"] else None,
        OperatorId(row["operator_id"]) if row["operator_id"] else None,
        _proposal_of(row) if row["decision_id"] else None,
        row["untaken"],
        None if row["spent_start"] is None else Turn(row["spent_start"], row["spent_cost"]),
        row["task_type"],
    )


def offer_row(offer: Offer, now: datetime) -> Row:
    """Return the columns of an offer as JSON values."""
    row: dict[str, object] = {
        "task_id": str(offer.task_id),
        "desk": offer.desk,
        "lead_id": _text(offer.lead_id),
        "key": offer.key,
        "state": offer.state.value,
        "operator_id": _text(offer.holder),
        "changed_at": now.isoformat(),
        "untaken": offer.untaken,
        "task_type": offer.task_type,
    }
    if offer.request is not None:
        row |= _request_columns(offer.request)
    if offer.proposal is not None:
        proposal = offer.proposal
        row |= {"decision_id": str(proposal.decision_id), "turn_start": proposal.start, "turn_cost": proposal.cost}
    if offer.turn is not None:
        row |= {"spent_start": offer.turn.start, "spent_cost": offer.turn.cost}
    return row


def decision_row(verdict: Verdict) -> Row:
    """Return the columns of a decision as JSON values, with every candidate (P.3)."""
    decision, offer = verdict.decision, verdict.offer
    return {
        "id": str(verdict.decision_id),
        "desk": offer.desk,
        "pool_id": str(verdict.request.pool_id),
        "task_id": str(offer.task_id),
        "lead_id": _text(offer.lead_id),
        "task_version": verdict.request.version,
        "operator_id": _text(decision.operator_id),
        "reason": decision.choice.value,
        "candidates": [_candidate_row(candidate) for candidate in decision.candidates],
        "at": decision.at.isoformat(),
    }


# Cached: between two decisions of a batch only one candidate changes.
@lru_cache(maxsize=4096)
def _candidate_row(candidate: Candidate) -> Row:
    return {
        "operator_id": str(candidate.operator_id),
        "reasons": [refusal.value for refusal in candidate.refusals],
        "virtual_time": candidate.virtual_time,
        "open_work": candidate.open_work,
    }


def _request_of(row: Record) -> Request:
    prefer, avoid = row["prefer_operator_id"], row["avoid_operator_id"]
    need = Need(
        row["role"],
        frozenset(row["products"]),
        OperatorId(prefer) if prefer else None,
        OperatorId(avoid) if avoid else None,
        frozenset(map(OperatorId, row["among"] or ())),
    )
    origin = Origin(row["correlation_id"], row["causation_id"], row["traceparent"])
    return Request(row["task_version"], PoolId(row["pool_id"]), need, row["due_at"], row["requested_at"], origin)


def _proposal_of(row: Record) -> Proposal:
    return Proposal(
        OperatorId(row["operator_id"]), DecisionId(row["decision_id"]), row["turn_start"], row["turn_cost"]
    )


def _request_columns(request: Request) -> Row:
    need, origin = request.need, request.origin
    return {
        "pool_id": str(request.pool_id),
        "task_version": request.version,
        "role": need.role,
        "products": sorted(need.products),
        "prefer_operator_id": _text(need.prefer),
        "avoid_operator_id": _text(need.avoid),
        "among": sorted(map(str, need.among)) or None,
        "due_at": request.due_at.isoformat(),
        "requested_at": request.requested_at.isoformat(),
        "correlation_id": str(origin.correlation_id),
        "causation_id": _text(origin.causation_id),
        "traceparent": origin.traceparent,
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)
