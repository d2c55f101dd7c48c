"""A request that tasks repeats, having heard nothing, is answered by the decision that was made (P.2)."""

import pytest

from libs.common.contracts.assignment import WorkAssigned, WorkWaiting
from tests.assignment.desk import Desk, assigned, declined, requested, taken


@pytest.mark.req("P.2")
async def test_a_repeated_request_is_answered_by_the_same_proposal(desk: Desk) -> None:
    await desk.hire("ann")
    for _ in range(2):
        await desk.receive(requested(1))
    first, again = await desk.sent(WorkAssigned)
    same = {"operator_version": None, "candidates": ()}
    assert first.model_copy(update=same) == again.model_copy(update=same)
    assert (again.operator_version, again.candidates) == (0, first.candidates)


async def test_a_repeat_names_the_same_candidates_of_many(desk: Desk) -> None:
    for n in range(9):
        await desk.hire(f"op{n}", here=n > 6)
    for _ in range(2):
        await desk.receive(requested(1))
    first, again = await desk.sent(WorkAssigned)
    assert (len(again.candidates), again.candidates) == (5, first.candidates)


async def test_a_repeated_request_that_waits_is_told_so_again(desk: Desk) -> None:
    for _ in range(2):
        await desk.receive(requested(1))
    first, again = await desk.sent(WorkWaiting)
    assert first == again


async def test_a_repeat_in_the_batch_of_the_request_is_answered_once(desk: Desk) -> None:
    await desk.hire("ann")
    await desk.receive(requested(1), requested(1))
    assert len(await desk.sent(WorkAssigned)) == 1


async def test_a_repeat_counts_no_turn_and_no_work(desk: Desk) -> None:
    ann = await desk.hire("ann")
    for _ in range(3):
        await desk.receive(requested(1))
    view = await desk.ok("GET", f"/operators/{ann}")
    assert (view["open_work"], view["pools"][0]["turns"]) == (1, 1)  # type: ignore[index] # a list of seats


async def test_what_was_accepted_meanwhile_is_answered_by_the_same_decision(desk: Desk) -> None:
    await desk.hire("ann")
    await desk.receive(requested(1))
    (proposal,) = await desk.sent(WorkAssigned)
    await desk.receive(assigned(1, proposal))
    await desk.receive(requested(1))
    assert {event.decision_id for event in await desk.sent(WorkAssigned)} == {proposal.decision_id}


async def test_what_was_taken_meanwhile_is_not_answered_again(desk: Desk) -> None:
    ann = await desk.hire("ann")
    await desk.receive(requested(1))
    await desk.receive(taken(1, ann))
    await desk.receive(requested(1))
    assert len(await desk.sent(WorkAssigned)) == 1


async def test_what_is_pulled_in_the_batch_of_the_repeat_is_not_answered_again(desk: Desk) -> None:
    ann = await desk.hire("ann")
    await desk.receive(requested(1))
    await desk.receive(requested(1), taken(1, ann))
    assert len(await desk.sent(WorkAssigned)) == 1


async def test_what_was_declined_is_decided_anew_by_a_repeat(desk: Desk) -> None:
    await desk.hire("ann")
    await desk.receive(requested(1))
    (proposal,) = await desk.sent(WorkAssigned)
    await desk.receive(declined(proposal))
    await desk.receive(requested(1))
    assert len({event.decision_id for event in await desk.sent(WorkAssigned)}) == 2


async def test_a_drained_proposal_that_was_not_heard_of_is_repeated(desk: Desk) -> None:
    await desk.receive(requested(1))
    await desk.hire("ann")
    await desk.receive(requested(1))
    first, again = await desk.sent(WorkAssigned)
    assert (first.decision_id, first.reason) == (again.decision_id, again.reason)
