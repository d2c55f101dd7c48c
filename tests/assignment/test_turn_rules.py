"""Turns: choices, refusals, turns given back."""

from dataclasses import replace
from datetime import timedelta

import pytest

from libs.common.contracts.shared import Presence
from libs.common.domain.eligibility import Refusal
from services.assignment.pools.rules import (
    SCALE,
    Choice,
    Need,
    Operator,
    charge,
    decide_turn,
    give_back,
)
from tests.assignment.operators import (
    CALL,
    NOW,
    operator,
    operator_id,
    play_turns,
    pool_of,
    turns,
    virtual_times,
    with_operators,
)


def test_equal_operators_take_turns() -> None:
    pool = play_turns(pool_of([operator(1), operator(2), operator(3)]), 7)
    assert sorted(turns(pool).values()) == [2, 2, 3]


def test_double_weight_gets_double_work() -> None:
    pool = play_turns(pool_of([operator(1), operator(2)], [2, 1]), 30)
    assert turns(pool) == {operator_id(1): 20, operator_id(2): 10}


def test_a_tie_goes_to_who_has_been_longest_without_work_of_any_pool() -> None:
    earlier, later = NOW - timedelta(hours=2), NOW - timedelta(hours=1)
    pool = pool_of(
        [operator(1, last_work_at=later), operator(2, last_work_at=earlier), operator(3, last_work_at=NOW)]
    )
    assert decide_turn(pool, CALL, NOW).operator_id == operator_id(2)


def test_a_tie_goes_first_to_who_has_never_had_work() -> None:
    pool = pool_of([operator(1, last_work_at=NOW - timedelta(days=9)), operator(2)])
    assert decide_turn(pool, CALL, NOW).operator_id == operator_id(2)


def test_then_a_tie_goes_to_the_least_open_work_then_to_the_lower_id() -> None:
    pool = pool_of([operator(3), operator(2), operator(1, open_work=1)])
    assert decide_turn(pool, CALL, NOW).operator_id == operator_id(2)


def test_the_turn_of_the_pool_comes_before_any_tie() -> None:
    pool = charge(pool_of([operator(1), operator(2, last_work_at=NOW, open_work=9)]), operator_id(1))
    assert decide_turn(pool, CALL, NOW).operator_id == operator_id(2)


def test_work_that_waited_goes_to_nobody_who_has_their_share_and_says_so() -> None:
    pool = replace(pool_of([operator(1, untaken=3), operator(2, untaken=2)]), share=3)
    first = decide_turn(pool, CALL, NOW, waited=True)
    assert first.operator_id == operator_id(2)
    assert first.candidates[0].refusals == (Refusal.AT_SHARE,)


def test_fresh_work_and_work_for_named_operators_is_not_bound_by_the_share() -> None:
    pool = replace(pool_of([operator(1, untaken=3)]), share=3)
    named = replace(CALL, among=frozenset({operator_id(1)}))
    decisions = [decide_turn(pool, CALL, NOW), decide_turn(pool, named, NOW, waited=True)]
    assert [decision.operator_id for decision in decisions] == [operator_id(1)] * 2


def test_who_had_their_share_is_not_made_up_for_what_the_others_got_of_the_backlog() -> None:
    pool = replace(pool_of([operator(1, untaken=3), operator(2)]), share=3)
    pool = play_turns(pool, 1)
    for _ in range(2):
        pool = decide_turn(pool, CALL, NOW, waited=True).pool
    before = turns(pool)
    after = turns(play_turns(pool, 4))
    assert {who: after[who] - before[who] for who in after} == {operator_id(1): 2, operator_id(2): 2}


@pytest.mark.parametrize(
    ("operator", "refusal"),
    [
        (operator(1, active=False), Refusal.INACTIVE),
        (operator(1, presence=Presence.CHECKED_OUT), Refusal.NOT_ON_SHIFT),
        (operator(1, away=True), Refusal.AWAY),
        (operator(1, presence=Presence.PAUSED), Refusal.PAUSED),
        (operator(1, roles=frozenset({"adviser"})), Refusal.WRONG_ROLE),
        (operator(1, desks=frozenset({"other"})), Refusal.WRONG_DESK),
        (operator(1, products=frozenset({"tea"})), Refusal.PRODUCT_UNKNOWN),
        (operator(1, capacity=3, open_work=3), Refusal.AT_CAPACITY),
    ],
)
def test_each_failed_test_names_itself(operator: Operator, refusal: Refusal) -> None:
    need = Need("operator", frozenset({"coffee"}))
    decision = decide_turn(pool_of([operator]), need, NOW)
    assert decision.choice is Choice.NOBODY_ELIGIBLE
    assert decision.candidates[0].refusals == (refusal,)


def test_all_failed_tests_are_named_at_once() -> None:
    nobody = operator(1, active=False, roles=frozenset(), open_work=5, capacity=5)
    refusals = decide_turn(pool_of([nobody]), CALL, NOW).candidates[0].refusals
    assert refusals == (Refusal.INACTIVE, Refusal.WRONG_ROLE, Refusal.AT_CAPACITY)


def test_a_decision_names_every_candidate() -> None:
    away = operator(2, presence=Presence.PAUSED)
    decision = decide_turn(pool_of([operator(1), away]), CALL, NOW)
    assert [candidate.refusals for candidate in decision.candidates] == [(), (Refusal.PAUSED,)]


def test_an_empty_pool_has_nobody() -> None:
    decision = decide_turn(pool_of([]), CALL, NOW)
    assert (decision.operator_id, decision.candidates) == (None, ())


def test_the_preferred_owner_is_chosen_out_of_turn_and_it_counts() -> None:
    pool = play_turns(pool_of([operator(1), operator(2)]), 1)
    decision = decide_turn(pool, replace(CALL, prefer=operator_id(1)), NOW)
    assert (decision.operator_id, decision.choice) == (operator_id(1), Choice.PREFERRED_OWNER)
    assert turns(play_turns(decision.pool, 2)) == {operator_id(1): 2, operator_id(2): 2}


def test_a_preferred_owner_who_is_not_here_is_passed_over() -> None:
    pool = pool_of([operator(1, presence=Presence.PAUSED), operator(2)])
    decision = decide_turn(pool, replace(CALL, prefer=operator_id(1)), NOW)
    assert (decision.operator_id, decision.choice) == (operator_id(2), Choice.LEAST_VIRTUAL_TIME)


def test_who_comes_late_starts_at_the_pools_minimum() -> None:
    late = operator(3, presence=Presence.CHECKED_OUT)
    pool = play_turns(pool_of([operator(1), operator(2), late]), 20)
    pool = play_turns(with_operators(pool, operator(3)), 9)
    assert turns(pool) == {operator_id(1): 13, operator_id(2): 13, operator_id(3): 3}


def test_a_pause_earns_no_turns() -> None:
    pool = play_turns(pool_of([operator(1), operator(2)]), 4)
    pool = play_turns(with_operators(pool, operator(2, presence=Presence.PAUSED)), 6)
    pool = play_turns(with_operators(pool, operator(2)), 4)
    assert turns(pool) == {operator_id(1): 10, operator_id(2): 4}


def test_a_morning_where_all_come_back_does_not_repay_yesterday() -> None:
    pool = play_turns(pool_of([operator(1), operator(2, presence=Presence.CHECKED_OUT)]), 30)
    nobody = [operator(n, presence=Presence.CHECKED_OUT) for n in (1, 2)]
    pool = play_turns(with_operators(pool, *nobody), 1)
    pool = play_turns(with_operators(pool, operator(1), operator(2)), 11)
    assert turns(pool)[operator_id(2)] == 6


def test_a_turn_given_back_comes_next() -> None:
    pool = play_turns(pool_of([operator(1), operator(2)]), 2)
    decision = decide_turn(pool, CALL, NOW)
    pool = give_back(decision.pool, operator_id(1), decision.start, decision.cost)
    assert virtual_times(pool) == [1, 1]
    assert turns(play_turns(pool, 2)) == {operator_id(1): 2, operator_id(2): 2}


def test_a_turn_from_before_an_absence_is_forfeited() -> None:
    pool = play_turns(pool_of([operator(1), operator(2)]), 1)
    pool = play_turns(with_operators(pool, operator(1, presence=Presence.PAUSED)), 8)
    pool = play_turns(with_operators(pool, operator(1)), 1)
    before = virtual_times(pool)
    assert virtual_times(give_back(pool, operator_id(1), 0, SCALE)) == before


def test_a_turn_of_somebody_who_left_the_pool_is_nobodys() -> None:
    pool = play_turns(pool_of([operator(1)]), 1)
    assert give_back(pool, operator_id(5), 0, SCALE) == pool


def test_pulled_work_counts_as_a_turn() -> None:
    pool = charge(pool_of([operator(1), operator(2)]), operator_id(1))
    assert turns(play_turns(pool, 1)) == {operator_id(1): 1, operator_id(2): 1}


def test_pulled_work_is_not_made_up_for_to_a_newcomer() -> None:
    pool = play_turns(pool_of([operator(1), operator(2, presence=Presence.CHECKED_OUT)]), 1)
    for _ in range(30):
        pool = charge(pool, operator_id(1))
    pool = play_turns(with_operators(pool, operator(1, presence=Presence.CHECKED_OUT)), 1)
    pool = play_turns(with_operators(pool, operator(1), operator(2)), 20)
    assert turns(pool)[operator_id(2)] == 10


def test_a_pull_after_turns_given_back_is_one_turn() -> None:
    pool = play_turns(pool_of([operator(1), operator(2)]), 4)
    for start in (SCALE, 0):
        pool = give_back(pool, operator_id(1), start, SCALE)
    assert virtual_times(charge(pool, operator_id(1))) == [1, 2]


def test_pulled_work_of_an_outsider_moves_no_turn() -> None:
    pool = pool_of([operator(1)])
    assert charge(pool, operator_id(5)) is pool


def test_a_decision_leaves_its_input_as_it_was() -> None:
    pool = pool_of([operator(1), operator(2)])
    assert decide_turn(pool, CALL, NOW) == decide_turn(pool, CALL, NOW)
