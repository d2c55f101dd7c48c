"""Offers, pools and operators: rows in and out of a snapshot, and the SQL that locks and writes them.

Pools are locked before operators, both in id order. Every change of turns, open work or waiting work holds these
locks, so that two check-ins or two batches never give the same work twice or exceed a capacity.

Offers and decisions are written from JSON records, not as a `Bulk`: most transactions write one of each, and there
28 arrays cost half as much again as two documents (measured: 0.8 against 0.5 ms; even at ten rows, a fifth less at
a hundred). Their products, a list per row, would be JSON within the arrays all the same.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import TypeAlias
from uuid import UUID

from asyncpg import Record

from libs.common.contracts.shared import Presence
from libs.common.platform.db import Transaction
from libs.common.platform.ids import uuid7
from services.assignment.offers.rules import Offer, Origin, Proposal, Request, Turn, WorkState
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

# Also the pools of the same operators: an operator with free capacity may get work of any of their pools.
SCOPE = """
WITH held AS (
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
SELECT ARRAY(SELECT pool_id FROM wide) AS pools, ARRAY(SELECT operator_id FROM staff) AS operators
"""
LOCK_POOLS = """
SELECT id, desk, code, virtual_time, turn, share FROM pool WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE
"""
LOCK_OPERATORS = """
SELECT id, name, active, presence, roles, desks, products, capacity, open_work, away, version, last_work_at
FROM operator o
WHERE id = ANY($2) OR EXISTS (SELECT FROM seat s WHERE s.operator_id = o.id AND s.pool_id = ANY($1))
ORDER BY id FOR NO KEY UPDATE
"""
SEATS = """
SELECT pool_id, operator_id, weight, virtual_time, floor, eligible, last_turn, turns FROM seat
WHERE pool_id = ANY($1) ORDER BY pool_id, operator_id
"""
WORKS = "SELECT * FROM work WHERE task_id = ANY($1)"

# Of offers that this transaction has not changed.
UNTAKEN = """
SELECT operator_id, count(*) AS count FROM work
WHERE operator_id = ANY($1) AND (state = 'offered' OR untaken) AND task_id <> ALL($2) GROUP BY operator_id
"""
# Only work that a free operator can do, so that a backlog for which none is eligible does not hide the rest.
WAITING = """
SELECT w.* FROM work w JOIN pool p ON p.id = w.pool_id
WHERE w.state = 'waiting' AND w.pool_id = ANY($1) AND w.task_id <> ALL($4) AND EXISTS (
    SELECT FROM unnest($2::uuid[], $3::int[]) AS f(id, untaken) JOIN operator o USING (id)
    JOIN seat s ON s.operator_id = o.id
    WHERE s.pool_id = w.pool_id AND f.untaken < p.share AND w.role = ANY(o.roles) AND p.desk = ANY(o.desks)
      AND (w.products <@ o.products OR '*' = ANY(o.products)) AND o.id IS DISTINCT FROM w.avoid_operator_id
      AND (w.among IS NULL OR o.id = ANY(w.among))
)
ORDER BY w.due_at, w.requested_at, w.task_id LIMIT $5
"""

SAVE_WORK = """
WITH decided AS (
    INSERT INTO decision (
        id, desk, pool_id, task_id, lead_id, task_version, operator_id, reason, candidates, at
    )
    SELECT id, desk, pool_id, task_id, lead_id, task_version, operator_id, reason, candidates, at
    FROM jsonb_populate_recordset(null::decision, $1)
)
INSERT INTO work (
    task_id, desk, lead_id, key, state, pool_id, task_version, role, products, prefer_operator_id,
    due_at, requested_at, correlation_id, causation_id, traceparent, operator_id, decision_id, turn_start,
    turn_cost, changed_at, avoid_operator_id, among, untaken, spent_start, spent_cost
)
SELECT
    task_id, desk, lead_id, key, state, pool_id, task_version, role, products, prefer_operator_id,
    due_at, requested_at, correlation_id, causation_id, traceparent, operator_id, decision_id, turn_start,
    turn_cost, changed_at, avoid_operator_id, among, untaken, spent_start, spent_cost
FROM jsonb_populate_recordset(null::work, $2)
ON CONFLICT (task_id) DO UPDATE SET
    state = excluded.state, pool_id = excluded.pool_id, task_version = excluded.task_version,
    role = excluded.role, products = excluded.products, prefer_operator_id = excluded.prefer_operator_id,
    due_at = excluded.due_at, requested_at = excluded.requested_at,
    correlation_id = excluded.correlation_id, causation_id = excluded.causation_id,
    traceparent = excluded.traceparent, operator_id = excluded.operator_id,
    decision_id = excluded.decision_id, turn_start = excluded.turn_start, turn_cost = excluded.turn_cost,
    changed_at = excluded.changed_at, avoid_operator_id = excluded.avoid_operator_id, among = excluded.among,
    untaken = excluded.untaken, spent_start = excluded.spent_start, spent_cost = excluded.spent_cost
"""
SAVE_COUNTERS = """
WITH counts AS (
    UPDATE operator o SET open_work = t.open_work, last_work_at = t.last_work_at
    FROM unnest($1::uuid[], $2::int[], $13::timestamptz[]) AS t(id, open_work, last_work_at) WHERE o.id = t.id
), pools AS (
    UPDATE pool p SET virtual_time = t.virtual_time, turn = t.turn
    FROM unnest($3::uuid[], $4::bigint[], $5::bigint[]) AS t(id, virtual_time, turn) WHERE p.id = t.id
)
UPDATE seat s SET virtual_time = t.virtual_time, floor = t.floor, eligible = t.eligible,
                  last_turn = t.last_turn, turns = t.turns
FROM unnest($6::uuid[], $7::uuid[], $8::bigint[], $9::bigint[], $10::boolean[], $11::bigint[], $12::bigint[])
    AS t(pool_id, operator_id, virtual_time, floor, eligible, last_turn, turns)
WHERE s.pool_id = t.pool_id AND s.operator_id = t.operator_id
"""
LAST_DECISIONS = """
SELECT DISTINCT ON (d.task_id) d.*, p.code AS pool, o.name AS operator_name
FROM decision d JOIN pool p ON p.id = d.pool_id LEFT JOIN operator o ON o.id = d.operator_id
WHERE d.task_id = ANY($1) ORDER BY d.task_id, d.id DESC
"""
SETTLE = """
UPDATE decision d SET outcome = t.outcome, outcome_reason = t.reason, outcome_at = $4
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS t(id, outcome, reason) WHERE d.id = t.id
"""


@dataclass(frozen=True, slots=True)
class Scope:
    """The tasks, pools and operators of a transaction."""

    tasks: Collection[UUID] = ()
    pools: Collection[UUID] = ()
    operators: Collection[UUID] = ()


async def widen(tx: Transaction, scope: Scope) -> Scope:
    """Return the scope with every pool that it can affect; nothing is locked yet."""
    row = await tx.conn.fetchrow(SCOPE, list(scope.tasks), list(scope.pools), list(scope.operators))
    if row is None:
        raise RuntimeError("the scope query always gives one row")
    return Scope(scope.tasks, row["pools"], row["operators"])


async def load(tx: Transaction, scope: Scope) -> Snapshot:
    """Lock the pools and operators of a widened scope and return their snapshot."""
    pools = await tx.conn.fetch(LOCK_POOLS, scope.pools)
    operators = {
        operator.operator_id: operator
        for operator in map(operator_of, await tx.conn.fetch(LOCK_OPERATORS, scope.pools, scope.operators))
    }
    seats = await tx.conn.fetch(SEATS, scope.pools)
    rows = await tx.conn.fetch(WORKS, list(scope.tasks)) if scope.tasks else []
    offers = {TaskId(row["task_id"]): offer_of(row) for row in rows}
    return Snapshot(operators, pools_of(pools, seats, operators), offers, lambda: DecisionId(uuid7()))


async def waiting_offers(tx: Transaction, snapshot: Snapshot) -> list[Offer]:
    """Return the most urgent waiting offers that free operators can take, at most as many as they may get now."""
    free_capacity, changed = snapshot.free_capacity(), list(snapshot.changed)
    if not free_capacity:
        return []
    rows = await tx.conn.fetch(UNTAKEN, list(free_capacity), changed)
    snapshot.know_untaken({OperatorId(row["operator_id"]): row["count"] for row in rows})
    share = max((pool.share for pool in snapshot.pools.values()), default=0)
    untaken = {who: snapshot.operators[who].untaken for who in free_capacity}
    limit = sum(max(0, min(free, share - untaken[who])) for who, free in free_capacity.items())
    if not limit:
        return []
    arguments = list(snapshot.pools), list(untaken), list(untaken.values()), changed, limit
    return [offer_of(row) for row in await tx.conn.fetch(WAITING, *arguments)]


async def repeated_decisions(tx: Transaction, snapshot: Snapshot) -> Sequence[Record]:
    """Return the last decision of each offer whose request was repeated and that still is as decided then."""
    open_ = {WorkState.WAITING, WorkState.OFFERED}
    asked = [each for each in snapshot.repeated if snapshot.offers[each].state in open_]
    asked = [each for each in asked if each not in snapshot.changed]
    return await tx.conn.fetch(LAST_DECISIONS, asked) if asked else []


async def save(tx: Transaction, snapshot: Snapshot, now: datetime) -> None:
    """Write the changes of a snapshot: decisions, offers, open counts, turns."""
    if snapshot.changed:
        decisions = [decision_row(verdict) for verdict in snapshot.verdicts]
        offers = [offer_row(snapshot.offers[task_id], now) for task_id in snapshot.changed]
        await tx.conn.execute(SAVE_WORK, decisions, offers)
        await _save_counters(tx, snapshot)
    if snapshot.settled:
        ids = [settle.decision_id for settle in snapshot.settled]
        outcomes = [settle.outcome for settle in snapshot.settled]
        await tx.conn.execute(SETTLE, ids, outcomes, [settle.reason for settle in snapshot.settled], now)


async def _save_counters(tx: Transaction, snapshot: Snapshot) -> None:
    operators, pools, seats = snapshot.changed_operators(), snapshot.changed_pools(), snapshot.changed_seats()
    await tx.conn.execute(
        SAVE_COUNTERS,
        [each.operator_id for each in operators],
        [each.open_work for each in operators],
        [pool.pool_id for pool in pools],
        [pool.virtual_time for pool in pools],
        [pool.turn for pool in pools],
        [pool_id for pool_id, _ in seats],
        [seat.operator_id for _, seat in seats],
        [seat.virtual_time for _, seat in seats],
        [seat.entry_time for _, seat in seats],
        [seat.eligible for _, seat in seats],
        [seat.last_turn for _, seat in seats],
        [seat.turns for _, seat in seats],
        [each.last_work_at for each in operators],
    )


def operator_of(row: Record) -> Operator:
    return Operator(
        OperatorId(row["id"]),
        row["name"],
        row["active"],
        Presence(row["presence"]),
        frozenset(row["roles"]),
        frozenset(row["desks"]),
        frozenset(row["products"]),
        row["capacity"],
        row["open_work"],
        row["away"] is not None,
        row["version"],
        row["last_work_at"],
    )


def pools_of(
    pools: Iterable[Record], seats: Iterable[Record], operators: Mapping[OperatorId, Operator]
) -> dict[PoolId, PoolState]:
    """Return pools with their seats; `seats` come sorted by pool."""
    seated = {
        PoolId(pool_id): tuple([_seat_of(row) for row in rows])
        for pool_id, rows in groupby(seats, key=lambda row: row["pool_id"])
    }
    states = {}
    for row in pools:
        pool_id = PoolId(row["id"])
        own = seated.get(pool_id, ())
        states[pool_id] = PoolState(
            pool_id, row["desk"], row["code"], own, operators, row["virtual_time"], row["turn"], row["share"]
        )
    return states


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


def _seat_of(row: Record) -> Seat:
    return Seat(
        OperatorId(row["operator_id"]),
        row["weight"],
        row["virtual_time"],
        row["floor"],
        row["eligible"],
        row["last_turn"],
        row["turns"],
    )


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
