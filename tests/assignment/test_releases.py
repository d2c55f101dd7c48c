"""Tasks that operators lose: open counts and turns follow, and the next request goes to another (S2.1)."""

from uuid import UUID

import pytest

from libs.common.contracts.assignment import WorkAssigned, WorkWaiting
from tests.assignment.desk import Desk, assigned, reassigned, released, requested, taken


async def held(desk: Desk, task: int) -> UUID:
    """A task that was assigned and confirmed; return its operator."""
    await desk.receive(requested(task))
    proposal = (await desk.sent(WorkAssigned))[-1]
    await desk.receive(assigned(task, proposal))
    return proposal.operator_id


async def turns(desk: Desk) -> dict[str, int]:
    return {row["name"]: row["turns"] for row in await desk.ctx.db.pool.fetch(
        "SELECT o.name, s.turns FROM seat s JOIN operator o ON o.id = s.operator_id"
    )}  # fmt: skip


async def test_what_is_released_and_asked_for_again_goes_to_who_is_there(desk: Desk) -> None:
    ann, bob = await desk.hire("ann"), await desk.hire("bob")
    await held(desk, 1)
    await desk.presence("ann", "check-out")
    await desk.receive(released(1, ann), requested(1, task_version=3))
    assert (await desk.sent(WorkAssigned))[-1].operator_id == bob
    assert await desk.unbalanced() == []


async def test_a_release_frees_room_for_what_waits(desk: Desk) -> None:
    ann = await desk.hire("ann", capacity=1)
    await held(desk, 1)
    await desk.receive(requested(2))
    await desk.receive(released(1, ann, "taken_away"))
    assert (await desk.sent(WorkAssigned))[-1].reason == "drained_work_finished"


@pytest.mark.req("S2.1")
@pytest.mark.parametrize(
    ("reason", "left"),
    [
        ("off_shift", 0),
        ("away", 0),
        ("inactive", 0),
        ("taken_away", 0),
        ("given_back", 1),
        ("reservation_lapsed", 1),
        ("a later one", 1),
    ],
)
async def test_the_turn_comes_back_unless_they_let_it_go_themselves(desk: Desk, reason: str, left: int) -> None:
    ann = await desk.hire("ann")
    await held(desk, 1)
    await desk.receive(released(1, ann, reason))
    assert await turns(desk) == {"Ann": left}


async def test_the_turn_of_what_was_taken_is_spent(desk: Desk) -> None:
    ann = await desk.hire("ann")
    await held(desk, 1)
    await desk.receive(taken(1, ann))
    await desk.receive(released(1, ann, by_taken=True))
    assert await turns(desk) == {"Ann": 1}


async def test_a_release_that_comes_before_the_confirmation_confirms(desk: Desk) -> None:
    ann = await desk.hire("ann")
    await desk.receive(requested(1))
    await desk.receive(released(1, ann))
    assert [each["outcome"] for each in await desk.items("/decisions")] == ["confirmed"]
    assert (await desk.states(), await desk.unbalanced()) == (["returned"], [])


async def test_who_gave_it_back_is_not_asked_again_and_the_decision_says_so(desk: Desk) -> None:
    ann = await desk.hire("ann")
    await held(desk, 1)
    await desk.receive(released(1, ann, "given_back"), requested(1, task_version=3, avoid_operator_id=ann))
    (waits,) = await desk.sent(WorkWaiting)
    assert waits.candidates[0].reasons == ("gave_it_back",)


async def test_what_one_gave_back_and_waits_is_drained_to_another_alone(desk: Desk) -> None:
    ann = await desk.hire("ann")
    await held(desk, 1)
    await desk.receive(released(1, ann, "given_back"), requested(1, task_version=3, avoid_operator_id=ann))
    for command in ("pause", "check-in"):
        await desk.presence("ann", command)
    bob = await desk.hire("bob")
    assert [event.operator_id for event in await desk.sent(WorkAssigned)] == [ann, bob]


@pytest.mark.parametrize(("reason", "left"), [("assigned", 0), ("redirected", 1)])
async def test_what_is_given_to_another_by_name_moves_the_count_and_perhaps_the_turn(
    desk: Desk, reason: str, left: int
) -> None:
    ann = await desk.hire("ann")
    bob = await desk.hire("bob", here=False)
    await held(desk, 1)
    await desk.receive(reassigned(1, bob, reason, previous=ann))
    assert (await desk.ok("GET", f"/operators/{bob}"))["open_work"] == 1
    assert (await turns(desk), await desk.unbalanced()) == ({"Ann": left, "Bob": 0}, [])


async def test_what_waits_and_is_given_by_name_waits_no_more(desk: Desk) -> None:
    bob = await desk.hire("bob", here=False)
    await desk.receive(requested(1))
    await desk.receive(reassigned(1, bob))
    assert (await desk.states(), await desk.unbalanced()) == (["held"], [])


async def test_work_that_nobody_asked_an_operator_for_counts_when_it_is_given_by_name(desk: Desk) -> None:
    bob = await desk.hire("bob")
    await desk.receive(reassigned(1, bob))
    assert (await desk.ok("GET", f"/operators/{bob}"))["open_work"] == 1


@pytest.mark.req("S2.2")
async def test_only_a_named_operator_gets_what_was_asked_for_them_whatever_the_turn(desk: Desk) -> None:
    await desk.hire("ann")
    bob = await desk.hire("bob")
    await desk.receive(*[requested(n, among_operator_ids=(bob,)) for n in (1, 2, 3)])
    assert await desk.given() == {bob: 3}


async def test_what_is_asked_for_a_named_operator_waits_for_their_room_and_says_so(desk: Desk) -> None:
    await desk.hire("ann")
    bob = await desk.hire("bob", capacity=1)
    await desk.receive(*[requested(n, among_operator_ids=(bob,)) for n in (1, 2)])
    (waits,) = await desk.sent(WorkWaiting)
    reasons = {candidate.operator_id: candidate.reasons for candidate in waits.candidates}
    assert reasons[bob] == ("at_capacity",)
    assert [why for who, why in reasons.items() if who != bob] == [("not_asked",)]


async def test_what_waits_for_a_named_operator_is_drained_to_nobody_else(desk: Desk) -> None:
    bob = await desk.hire("bob", here=False)
    await desk.receive(requested(1, among_operator_ids=(bob,)))
    await desk.hire("ann")
    assert await desk.given() == {}
    await desk.presence("bob", "check-in")
    assert await desk.given() == {bob: 1}
