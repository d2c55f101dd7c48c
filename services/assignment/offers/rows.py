"""Between the rows of the database and the floor's plain values."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import TypeAlias

from asyncpg import Record

from libs.common.contracts.shared import Presence
from services.assignment.offers.rules import Offer, Origin, Request, Work, WorkState
from services.assignment.offers.snapshot import Verdict
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


def operator_of(row: Record) -> Operator:
    """Return the operator of a row of `operator`."""
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
    )


def pools_of(
    pools: Iterable[Record], seats: Iterable[Record], people: Mapping[OperatorId, Operator]
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
            pool_id, row["desk"], row["code"], own, people, row["virtual_time"], row["turn"]
        )
    return states


def work_of(row: Record) -> Work:
    """Return the work of a row of `work`."""
    return Work(
        TaskId(row["task_id"]),
        LeadId(row["lead_id"]),
        row["desk"],
        WorkState(row["state"]),
        _request_of(row) if row["pool_id"] else None,
        OperatorId(row["operator_id"]) if row["operator_id"] else None,
        _offer_of(row) if row["decision_id"] else None,
    )


def work_row(work: Work, now: datetime) -> Row:
    """Return the columns of one piece of work as JSON values."""
    row: dict[str, object] = {
        "task_id": str(work.task_id),
        "desk": work.desk,
        "lead_id": str(work.lead_id),
        "state": work.state.value,
        "operator_id": _text(work.holder),
        "changed_at": now.isoformat(),
    }
    if work.request is not None:
        row |= _request_columns(work.request)
    if work.offer is not None:
        offer = work.offer
        row |= {"decision_id": str(offer.decision_id), "turn_start": offer.start, "turn_cost": offer.cost}
    return row


def decision_row(verdict: Verdict) -> Row:
    """Return the columns of one decision as JSON values, with every candidate (P.3)."""
    decision, work = verdict.decision, verdict.work
    return {
        "id": str(verdict.decision_id),
        "desk": work.desk,
        "pool_id": str(verdict.request.pool_id),
        "task_id": str(work.task_id),
        "lead_id": str(work.lead_id),
        "task_version": verdict.request.version,
        "operator_id": _text(decision.operator_id),
        "reason": decision.choice.value,
        "candidates": [_candidate_row(candidate) for candidate in decision.candidates],
        "at": decision.at.isoformat(),
    }


# Between two decisions of a batch only one candidate changes: the others are found again.
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
    prefer = row["prefer_operator_id"]
    need = Need(
        row["role"],
        frozenset(row["products"]),
        OperatorId(prefer) if prefer else None,
    )
    origin = Origin(row["correlation_id"], row["causation_id"], row["traceparent"])
    return Request(row["task_version"], PoolId(row["pool_id"]), need, row["due_at"], row["requested_at"], origin)


def _offer_of(row: Record) -> Offer:
    return Offer(
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
        "due_at": request.due_at.isoformat(),
        "requested_at": request.requested_at.isoformat(),
        "correlation_id": str(origin.correlation_id),
        "causation_id": _text(origin.causation_id),
        "traceparent": origin.traceparent,
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)
