"""Bounds of fair queueing that hold for every roster and every history (S2.1)."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from libs.common.contracts.shared import Presence
from services.assignment.pools.rules import SCALE, OperatorId, PoolState, charge, decide_turn, give_back
from tests.assignment.operators import CALL, NOW, operator, operator_id, play_turn, pool_of, turns, with_operators
from tests.assignment.operators import given as given_to

PEOPLE = 5
UNTIMED = settings(deadline=None)  # that the machine is busy is no fault of the turn
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
    presence = {operator_id(n): Presence.CHECKED_IN for n in here}
    people = [
        replace(each, presence=presence.get(who, Presence.CHECKED_OUT)) for who, each in pool.operators.items()
    ]
    return with_operators(pool, *people)


def full_pool(weights: list[int] | None = None) -> PoolState:
    return pool_of([operator(n) for n in range(1, PEOPLE + 1)], weights or [])


def spread(counts: Mapping[OperatorId, int]) -> int:
    return max(counts.values()) - min(counts.values())


@UNTIMED
@given(st.integers(1, 8), st.integers(0, 80))
def test_equal_operators_differ_by_at_most_one_at_every_prefix(people: int, works: int) -> None:
    pool = pool_of([operator(n) for n in range(people)])
    for _ in range(works):
        pool = play_turn(pool).pool
        counts = [seat.turns for seat in pool.seats]
        assert max(counts) - min(counts) <= 1


@UNTIMED
@given(ROSTERS)
def test_those_who_stay_differ_by_at_most_one_whoever_comes_and_goes(rosters: list[tuple[set[int], int]]) -> None:
    pool, joined = full_pool(), dict[OperatorId, Counter[OperatorId]]()
    for here, works in rosters:
        pool = on_duty(pool, here)
        joined = {each: since for each, since in joined.items() if each in {operator_id(n) for n in here}}
        for _ in range(works):
            joined = {operator_id(n): joined.get(operator_id(n), Counter()) for n in here}
            decision = play_turn(pool)
            pool = decision.pool
            for since in joined.values():
                since.update([decision.operator_id] if decision.operator_id else [])
            for newer, since in joined.items():
                stayed = [each for each, other in joined.items() if other.total() >= since.total()]
                assert all(abs(since[newer] - since[each]) <= 1 for each in stayed)


@UNTIMED
@given(st.lists(st.integers(1, 20), min_size=PEOPLE, max_size=PEOPLE), st.integers(0, 200))
def test_weighted_shares_keep_the_start_time_bound(weights: list[int], works: int) -> None:
    pool = full_pool(weights)
    for _ in range(works):
        pool = play_turn(pool).pool
    shares = [(Fraction(seat.turns, seat.weight), Fraction(1, seat.weight)) for seat in pool.seats]
    assert all(abs(a - b) <= one + other for a, one in shares for b, other in shares)


@UNTIMED
@given(ROSTERS, st.lists(st.integers(1, 20), min_size=PEOPLE, max_size=PEOPLE))
def test_virtual_times_of_the_eligible_stay_within_one_turn(
    rosters: list[tuple[set[int], int]], weights: list[int]
) -> None:
    pool = full_pool(weights)
    for here, works in rosters:
        pool = on_duty(pool, here)
        for _ in range(works):
            pool = play_turn(pool).pool
            eligible = [seat for seat in pool.seats if seat.eligible]
            least = min((seat.virtual_time for seat in eligible), default=0)
            assert all(seat.virtual_time - least <= seat.cost for seat in eligible)


@UNTIMED
@given(st.lists(st.sampled_from(["decide", "decline", "pull"]), max_size=60))
def test_a_declined_turn_leaves_no_trace_in_the_shares(moves: list[str]) -> None:
    pool = pool_of([operator(n) for n in range(3)])
    for move in moves:
        decision = play_turn(pool)
        if move == "pull":
            who = min(pool.seats, key=lambda seat: seat.virtual_time).operator_id
            pool = given_to(charge(pool, who), who)
        elif decision.operator_id is not None:
            pool = decision.pool
            if move == "decline":
                pool = give_back(pool, decision.operator_id, decision.start, decision.cost)
        counts = [seat.turns for seat in pool.seats]
        assert max(counts) - min(counts) <= 1
        assert all(seat.virtual_time == seat.turns * SCALE for seat in pool.seats)


#: What happens to the last work that is not yet returned or taken, or a new one; drained work has waited.
HISTORIES = st.lists(st.sampled_from(["fresh", "drained", "taken", "released", "declined"]), max_size=60)


@dataclass
class Books:
    """One pool of equal operators: who has which untaken turn, and how often turns came back."""

    pool: PoolState
    untaken: list[tuple[OperatorId, int, int]] = field(default_factory=list)
    returned: Counter[OperatorId] = field(default_factory=Counter)

    def play(self, move: str) -> OperatorId | None:
        """Return who got work by the move, if anybody did."""
        if move in ("fresh", "drained"):
            decision = play_turn(self.pool, waited=move == "drained")
            self.pool = decision.pool
            if decision.operator_id is not None:
                self.untaken.append((decision.operator_id, decision.start, decision.cost))
            return decision.operator_id
        if self.untaken:
            who, start, cost = self.untaken.pop(0 if move == "taken" else -1)
            person = self.pool.operators[who]
            self.pool = with_operators(self.pool, replace(person, untaken=person.untaken - 1))
            if move != "taken":
                before = self.time(who)
                self.pool = give_back(self.pool, who, start, cost)
                self.returned[who] += (before - self.time(who)) // SCALE
        return None

    def time(self, who: OperatorId) -> int:
        return next(seat.virtual_time for seat in self.pool.seats if seat.operator_id == who)


@UNTIMED
@given(HISTORIES)
def test_nobody_is_more_than_one_turn_ahead_but_of_those_whose_turns_came_back(moves: list[str]) -> None:
    books = Books(replace(pool_of([operator(n) for n in range(3)]), share=1000))
    for move in moves:
        books.play(move)
        for one, other in combinations(books.pool.seats, 2):
            back = books.returned[one.operator_id], books.returned[other.operator_id]
            assert other.turns - one.turns <= 1 + back[0]
            assert one.turns - other.turns <= 1 + back[1]


@UNTIMED
@given(HISTORIES)
def test_turns_that_came_back_are_made_up_for_before_anybody_gets_another(moves: list[str]) -> None:
    books = Books(replace(pool_of([operator(n) for n in range(3)]), share=1000))
    for move in moves:
        books.play(move)
    for _ in range(books.returned.total()):
        books.play("fresh")
    assert spread(turns(books.pool)) <= 1


@UNTIMED
@given(st.lists(st.sampled_from(["drained", "taken", "fresh"]), max_size=60), st.integers(1, 4))
def test_what_has_waited_goes_to_nobody_beyond_their_share(moves: list[str], share: int) -> None:
    books = Books(replace(pool_of([operator(n) for n in range(3)]), share=share))
    for move in moves:
        before = {who: each.untaken for who, each in books.pool.operators.items()}
        who = books.play(move)
        if move == "drained" and who is not None:
            assert before[who] < share
        if move == "drained" and who is None:
            assert min(before.values()) >= share


@UNTIMED
@given(st.integers(1, 4), st.integers(1, 5))
def test_a_backlog_is_shared_by_those_who_come_one_after_the_other(people: int, share: int) -> None:
    books = Books(on_duty(replace(full_pool(), share=share), set()))
    for newcomer in range(1, people + 1):
        books.pool = on_duty(books.pool, set(range(1, newcomer + 1)))
        for _ in range(people * share):
            books.play("drained")
    assert [books.pool.operators[operator_id(n)].untaken for n in range(1, people + 1)] == [share] * people


@UNTIMED
@given(st.integers(1, 5), st.lists(st.integers(0, 2), max_size=60))
def test_over_all_pools_that_they_share_equal_operators_differ_by_at_most_one(
    people: int, works: list[int]
) -> None:
    """By one over one pool and over two; each further pool can force one more, as each keeps its own bound."""
    for count, bound in ((1, 1), (2, 1), (3, 2)):
        pools = [pool_of([operator(n) for n in range(people)]) for _ in range(count)]
        totals = Counter({operator_id(n): 0 for n in range(people)})
        for work in works:
            decision = play_turn(pools[work % count])
            pools[work % count] = decision.pool
            pools = [replace(each, operators=decision.pool.operators) for each in pools]
            totals.update([decision.operator_id] if decision.operator_id else [])
            assert spread(totals) <= bound
            assert all(spread(turns(each)) <= 1 for each in pools)


WHO = st.integers(1, 2)
MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("here"), st.sets(WHO)),
        st.tuples(st.sampled_from(["decide", "decline"]), st.none()),
        st.tuples(st.just("pull"), WHO),
    ),
    max_size=60,
)


@UNTIMED
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
