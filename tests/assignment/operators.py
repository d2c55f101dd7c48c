"""Pools and operators for the tests of the rules."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from libs.common.contracts.shared import Presence
from services.assignment.pools.rules import (
    SCALE,
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


def play_turns(pool: PoolState, times: int, need: Need = CALL) -> PoolState:
    for _ in range(times):
        pool = decide_turn(pool, need, NOW).pool
    return pool
