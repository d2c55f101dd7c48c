"""Bounds of fair queueing that hold for every roster and every history (S2.1)."""

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from libs.common.contracts.shared import Presence
from services.assignment.pools.rules import SCALE, OperatorId, PoolState, charge, decide_turn, give_back
from tests.assignment.operators import CALL, NOW, operator, operator_id, pool_of, with_operators

PEOPLE = 5
ROSTERS = st.lists(
    st.tuples(st.sets(st.integers(1, PEOPLE)), st.integers(0, 12)),
    min_size=1,
    max_size=12,
)


@dataclass
class Stretch:
    """The turns of operators who were eligible at every decision since the counting began."""

    counts: Counter[OperatorId] = field(default_factory=Counter)


def on_duty(pool: PoolState, here: set[int]) -> PoolState:
    away = Presence.CHECKED_OUT
    people = [operator(n, presence=Presence.CHECKED_IN if n in here else away) for n in range(1, PEOPLE + 1)]
    return with_operators(pool, *people)


def full_pool(weights: list[int] | None = None) -> PoolState:
    return pool_of([operator(n) for n in range(1, PEOPLE + 1)], weights or [])


@given(st.integers(1, 8), st.integers(0, 80))
def test_equal_operators_differ_by_at_most_one_at_every_prefix(people: int, works: int) -> None:
    pool = pool_of([operator(n) for n in range(people)])
    for _ in range(works):
        pool = decide_turn(pool, CALL, NOW).pool
        counts = [seat.turns for seat in pool.seats]
        assert max(counts) - min(counts) <= 1


@given(ROSTERS)
def test_those_who_stay_differ_by_at_most_one_whoever_comes_and_goes(rosters: list[tuple[set[int], int]]) -> None:
    pool, joined = full_pool(), dict[OperatorId, Counter[OperatorId]]()
    for here, works in rosters:
        pool = on_duty(pool, here)
        joined = {each: since for each, since in joined.items() if each in {operator_id(n) for n in here}}
        for _ in range(works):
            joined = {operator_id(n): joined.get(operator_id(n), Counter()) for n in here}
            decision = decide_turn(pool, CALL, NOW)
            pool = decision.pool
            for since in joined.values():
                since.update([decision.operator_id] if decision.operator_id else [])
            for newer, since in joined.items():
                stayed = [each for each, other in joined.items() if other.total() >= since.total()]
                assert all(abs(since[newer] - since[each]) <= 1 for each in stayed)


@given(st.lists(st.integers(1, 20), min_size=PEOPLE, max_size=PEOPLE), st.integers(0, 200))
def test_weighted_shares_keep_the_start_time_bound(weights: list[int], works: int) -> None:
    pool = full_pool(weights)
    for _ in range(works):
        pool = decide_turn(pool, CALL, NOW).pool
    shares = [(Fraction(seat.turns, seat.weight), Fraction(1, seat.weight)) for seat in pool.seats]
    assert all(abs(a - b) <= one + other for a, one in shares for b, other in shares)


@given(ROSTERS, st.lists(st.integers(1, 20), min_size=PEOPLE, max_size=PEOPLE))
def test_virtual_times_of_the_eligible_stay_within_one_turn(
    rosters: list[tuple[set[int], int]], weights: list[int]
) -> None:
    pool = full_pool(weights)
    for here, works in rosters:
        pool = on_duty(pool, here)
        for _ in range(works):
            pool = decide_turn(pool, CALL, NOW).pool
            eligible = [seat for seat in pool.seats if seat.eligible]
            least = min((seat.virtual_time for seat in eligible), default=0)
            assert all(seat.virtual_time - least <= seat.cost for seat in eligible)


@given(st.lists(st.sampled_from(["decide", "decline", "pull"]), max_size=60))
def test_a_declined_turn_leaves_no_trace_in_the_shares(moves: list[str]) -> None:
    pool = pool_of([operator(n) for n in range(3)])
    for move in moves:
        decision = decide_turn(pool, CALL, NOW)
        if move == "pull":
            pool = charge(pool, min(pool.seats, key=lambda seat: seat.virtual_time).operator_id)
        elif decision.operator_id is not None:
            pool = decision.pool
            if move == "decline":
                pool = give_back(pool, decision.operator_id, decision.start, decision.cost)
        counts = [seat.turns for seat in pool.seats]
        assert max(counts) - min(counts) <= 1
        assert all(seat.virtual_time == seat.turns * SCALE for seat in pool.seats)


WHO = st.integers(1, 2)
MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("here"), st.sets(WHO)),
        st.tuples(st.sampled_from(["decide", "decline"]), st.none()),
        st.tuples(st.just("pull"), WHO),
    ),
    max_size=60,
)


@given(MOVES)
def test_who_comes_now_starts_at_most_one_turn_behind_those_who_are_here(moves: list[tuple[str, object]]) -> None:
    pool, before = full_pool(), 0
    for move, what in moves:
        pool = played(pool, move, what)
        least = min((seat.virtual_time for seat in pool.seats if seat.eligible), default=0)
        assert before <= pool.virtual_time
        assert least - pool.virtual_time <= SCALE
        before = pool.virtual_time


def played(pool: PoolState, move: str, what: object) -> PoolState:
    match move, what:
        case "here", set(here):
            return on_duty(pool, here)
        case "pull", int(who):
            return charge(pool, operator_id(who))
    decision = decide_turn(pool, CALL, NOW)
    if move == "decline" and decision.operator_id is not None:
        return give_back(decision.pool, decision.operator_id, decision.start, decision.cost)
    return decision.pool
