"""Pools and operators for the tests of the rules."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from libs.common.contracts.shared import Presence
from services.assignment.offers.snapshot import RESOLUTION
from services.assignment.pools.rules import (
    SCALE,
    Decision,
    DecisionId,
    Need,
    Operator,
    OperatorId,
    PoolId,
    PoolState,
    Seat,
    decide_turn,
)

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
CALL = Need("operator")
ROOM = 1_000_000


def operator_id(number: int) -> OperatorId:
    return OperatorId(UUID(int=number))


def decision_id(number: int) -> DecisionId:
    return DecisionId(UUID(int=1000 + number))


def operator(number: int, **changes: object) -> Operator:
    here = Operator(
        operator_id(number),
        f"Operator {number}",
        active=True,
        presence=Presence.CHECKED_IN,
        roles=frozenset({"operator"}),
        desks=frozenset({"demo"}),
        products=frozenset({"*"}),
        capacity=ROOM,
        open_work=0,
    )
    return replace(here, **changes)  # type: ignore[arg-type] # any field, by name


def pool_of(people: Iterable[Operator], weights: Iterable[int] = ()) -> PoolState:
    known = {each.operator_id: each for each in people}
    heavy = [*weights, *[1] * (len(known) - len(list(weights)))]
    seats = tuple(Seat(each, weight) for each, weight in zip(known, heavy, strict=True))
    return PoolState(PoolId(UUID(int=7)), "demo", "callback", seats, known)


def with_operators(pool: PoolState, *people: Operator) -> PoolState:
    return replace(pool, operators={**pool.operators, **{each.operator_id: each for each in people}})


def turns(pool: PoolState) -> dict[OperatorId, int]:
    return {seat.operator_id: seat.turns for seat in pool.seats}


def virtual_times(pool: PoolState) -> list[float]:
    return [seat.virtual_time / SCALE for seat in pool.seats]


def play_turn(pool: PoolState, need: Need = CALL, *, waited: bool = False) -> Decision:
    """Decide, and count the work of who is chosen, as a snapshot does."""
    decision = decide_turn(pool, need, NOW, waited=waited)
    return replace(decision, pool=given(decision.pool, decision.operator_id))


def given(pool: PoolState, who: OperatorId | None) -> PoolState:
    """Return the pool with one task more of an operator, later than all that was given before."""
    if who is None:
        return pool
    operator = pool.operators[who]
    latest = max((each.last_work_at for each in pool.operators.values() if each.last_work_at), default=NOW)
    more = replace(operator, open_work=operator.open_work + 1, untaken=operator.untaken + 1)
    return with_operators(pool, replace(more, last_work_at=latest + RESOLUTION))


def play_turns(pool: PoolState, times: int, need: Need = CALL) -> PoolState:
    for _ in range(times):
        pool = play_turn(pool, need).pool
    return pool
