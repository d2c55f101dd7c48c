"""The state machine of an offer: every step in every state."""

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.assignment.offers.rules import (
    AnswerAgain,
    Assigned,
    Begin,
    Charge,
    Declined,
    Ended,
    GiveBack,
    Hold,
    Offer,
    Origin,
    Outcome,
    Proposal,
    Release,
    Released,
    Request,
    Requested,
    Settle,
    Step,
    Taken,
    Turn,
    Withdrawn,
    WorkState,
    advance,
    new_offer,
    proposed,
)
from services.assignment.pools.rules import SCALE, LeadId, PoolId, TaskId
from tests.assignment.operators import CALL, NOW, decision_id, operator_id

POOL = PoolId(UUID(int=7))
ANN, BOB = operator_id(1), operator_id(2)
REQUEST = Request(1, POOL, CALL, NOW, NOW, Origin(UUID(int=9), None, None))
PROPOSAL = Proposal(ANN, decision_id(1), 0, SCALE)

NEW = new_offer(TaskId(UUID(int=1)), LeadId(UUID(int=2)), "lead:2", "demo")
WAITING = replace(NEW, state=WorkState.WAITING, request=REQUEST)
OFFERED = proposed(WAITING, PROPOSAL)
HELD = replace(OFFERED, proposal=None, untaken=False)
TURN = Turn(0, SCALE)
UNTAKEN = replace(HELD, untaken=True, turn=TURN)
CONFIRMED = Settle(decision_id(1), Outcome.CONFIRMED, "confirmed")
ENDED = replace(NEW, state=WorkState.ENDED)
AGAIN = Requested(replace(REQUEST, version=2))


@pytest.mark.parametrize(
    ("work", "step", "after"),
    [
        (NEW, Requested(REQUEST), WAITING),
        (NEW, Requested(replace(REQUEST, version=0)), replace(WAITING, request=replace(REQUEST, version=0))),
        (OFFERED, AGAIN, replace(WAITING, request=AGAIN.request)),
        (OFFERED, Assigned(ANN), UNTAKEN),
        (OFFERED, Assigned(BOB), replace(HELD, holder=BOB, untaken=True)),
        (UNTAKEN, Taken(ANN, POOL), HELD),
        (UNTAKEN, Assigned(BOB), replace(HELD, holder=BOB, untaken=True)),
        (UNTAKEN, Released(ANN, excused=True), replace(WAITING, state=WorkState.RETURNED)),
        (UNTAKEN, AGAIN, replace(WAITING, request=AGAIN.request)),
        (OFFERED, Withdrawn("closed"), replace(WAITING, state=WorkState.RETURNED)),
        (HELD, Ended(ANN), replace(WAITING, state=WorkState.ENDED)),
    ],
)
def test_work_is_left_whole(work: Offer, step: Step, after: Offer) -> None:
    assert advance(work, step)[0] == after


def test_an_offer_is_kept_until_it_is_answered() -> None:
    assert Offer(TaskId(UUID(int=1)), LeadId(UUID(int=2)), "lead:2", "demo", WorkState.RETURNED) == NEW
    assert (OFFERED.state, OFFERED.holder, OFFERED.proposal) == (WorkState.HELD, ANN, PROPOSAL)


STEPS = st.sampled_from(
    [
        Requested(REQUEST),
        AGAIN,
        Withdrawn("closed"),
        Declined(decision_id(1), "stale_version"),
        Declined(decision_id(2), "stale_version"),
        Assigned(ANN),
        Assigned(BOB),
        Assigned(BOB, excused=True),
        Assigned(BOB, previous=ANN),
        Assigned(ANN, previous=BOB),
        Taken(ANN, POOL),
        Taken(BOB, None),
        Released(ANN, excused=True),
        Released(BOB, excused=False),
        Ended(ANN),
        Ended(None),
    ]
)


@pytest.mark.parametrize(
    ("offer", "step", "state", "effects"),
    [
        (NEW, Requested(REQUEST), WorkState.WAITING, ()),
        (NEW, Taken(ANN, POOL), WorkState.HELD, (Hold(ANN), Charge(POOL, ANN))),
        (NEW, Assigned(ANN), WorkState.HELD, (Hold(ANN),)),
        (NEW, Ended(ANN), WorkState.ENDED, ()),
        (NEW, Withdrawn("closed"), WorkState.RETURNED, ()),
        (WAITING, Withdrawn("closed"), WorkState.RETURNED, ()),
        (WAITING, Ended(None), WorkState.ENDED, ()),
        (WAITING, Declined(decision_id(1), "late"), WorkState.WAITING, ()),
        (WAITING, Taken(BOB, None), WorkState.HELD, (Hold(BOB),)),
        (OFFERED, Assigned(ANN), WorkState.HELD, (CONFIRMED,)),
        (OFFERED, Taken(ANN, POOL), WorkState.HELD, (CONFIRMED, Begin(ANN))),
        (UNTAKEN, Taken(ANN, POOL), WorkState.HELD, (Begin(ANN),)),
        (HELD, Taken(ANN, POOL), WorkState.HELD, ()),
        (HELD, Released(ANN, excused=True), WorkState.RETURNED, (Release(ANN),)),
        (HELD, Released(BOB, excused=True), WorkState.RETURNED, (Release(ANN),)),
        (WAITING, Released(ANN, excused=True), WorkState.RETURNED, ()),
        (UNTAKEN, Released(ANN, excused=False), WorkState.RETURNED, (Release(ANN),)),
        (UNTAKEN, Ended(ANN), WorkState.ENDED, (Release(ANN),)),
        (OFFERED, Ended(ANN), WorkState.ENDED, (Release(ANN), Settle(decision_id(1), Outcome.CONFIRMED, "ended"))),
        (HELD, Withdrawn("moved"), WorkState.RETURNED, (Release(ANN),)),
        (HELD, Ended(BOB), WorkState.ENDED, (Release(ANN),)),
        (HELD, Taken(BOB, POOL), WorkState.HELD, (Release(ANN), Hold(BOB), Charge(POOL, BOB))),
        (HELD, Assigned(ANN), WorkState.HELD, ()),
        (HELD, AGAIN, WorkState.WAITING, (Release(ANN),)),
        (ENDED, AGAIN, WorkState.ENDED, ()),
    ],
)
def test_work_follows_the_arbiter(offer: Offer, step: Step, state: WorkState, effects: tuple[object, ...]) -> None:
    after, found = advance(offer, step)
    assert (after.state, found) == (state, effects)


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (Withdrawn("closed"), "closed"),
        (Declined(decision_id(1), "stale_version"), "stale_version"),
        (Ended(None), "ended"),
        (AGAIN, "requested_again"),
    ],
)
def test_an_unconfirmed_proposal_that_falls_gives_the_turn_back(step: Step, reason: str) -> None:
    _, effects = advance(OFFERED, step)
    assert effects == (Release(ANN), GiveBack(POOL, ANN, TURN), Settle(decision_id(1), Outcome.RETURNED, reason))


@pytest.mark.parametrize("excused", [True, False])
def test_a_release_confirms_the_proposal_and_gives_the_turn_of_the_excused_back(excused: bool) -> None:
    _, effects = advance(OFFERED, Released(ANN, excused=excused))
    back = (GiveBack(POOL, ANN, TURN),) if excused else ()
    assert effects == (Release(ANN), *back, Settle(decision_id(1), Outcome.CONFIRMED, "released"))


def test_the_turn_of_who_had_not_taken_it_yet_is_given_back_after_the_confirmation_too() -> None:
    _, effects = advance(UNTAKEN, Released(ANN, excused=True))
    assert effects == (Release(ANN), GiveBack(POOL, ANN, TURN))


@pytest.mark.parametrize("excused", [True, False])
def test_who_loses_untaken_work_by_no_doing_of_theirs_gets_the_turn_back(excused: bool) -> None:
    after, effects = advance(UNTAKEN, Assigned(BOB, excused))
    back = (GiveBack(POOL, ANN, TURN),) if excused else ()
    assert (after, effects) == (replace(HELD, holder=BOB, untaken=True), (Release(ANN), Hold(BOB), *back))


def test_an_unconfirmed_turn_is_given_back_once_whoever_is_excused() -> None:
    _, effects = advance(OFFERED, Assigned(BOB, excused=True))
    assert [type(effect) for effect in effects] == [Release, GiveBack, Settle, Hold]


def test_who_pulls_offered_work_gets_the_turn_of_the_other() -> None:
    _, effects = advance(OFFERED, Taken(BOB, POOL))
    returned = Settle(decision_id(1), Outcome.RETURNED, "given_to_another")
    assert effects == (Release(ANN), GiveBack(POOL, ANN, TURN), returned, Hold(BOB), Charge(POOL, BOB))


def test_declined_work_may_be_asked_for_again_in_the_same_version() -> None:
    declined, _ = advance(OFFERED, Declined(decision_id(1), "stale_version"))
    assert advance(declined, Requested(REQUEST)) == (WAITING, ())


@pytest.mark.parametrize("offer", [WAITING, OFFERED])
def test_a_request_that_is_repeated_while_it_is_under_way_is_answered_again(offer: Offer) -> None:
    assert advance(offer, Requested(REQUEST)) == (offer, (AnswerAgain(offer.task_id),))


@pytest.mark.parametrize("offer", [HELD, UNTAKEN])
def test_a_request_that_was_granted_is_not_asked_for_twice(offer: Offer) -> None:
    assert advance(offer, Requested(REQUEST)) == (offer, ())


@given(st.lists(STEPS, max_size=12))
def test_effects_always_balance_the_holder(steps: list[Step]) -> None:
    offer, held = NEW, {ANN: 0, BOB: 0}
    for step in steps:
        offer, effects = advance(offer, step)
        if offer.state is WorkState.WAITING:
            offer, effects = proposed(offer, PROPOSAL), (*effects, Hold(ANN))
        for effect in effects:
            match effect:
                case Hold(who):
                    held[who] += 1
                case Release(who):
                    held[who] -= 1
                case _:
                    pass
        assert held == {each: int(offer.holder == each) for each in held}


@given(st.lists(STEPS, max_size=12))
def test_a_step_repeated_at_once_changes_nothing_more(steps: list[Step]) -> None:
    offer = NEW
    for step in steps:
        offer, _ = advance(offer, step)
        again, effects = advance(offer, step)
        assert (again, set(effects) - {AnswerAgain(offer.task_id)}) == (offer, set())
