"""Events of tasks in any order, on a real database."""

import pytest

from libs.common.contracts.assignment import WorkAssigned, WorkWaiting
from services.assignment.decisions.schemas import DecisionView
from tests.assignment.desk import Desk, assigned, completed, declined, lead_id, requested, taken, task_id, withdrawn


@pytest.mark.req("S2.1")
async def test_a_batch_is_spread_evenly(desk: Desk) -> None:
    for name in ("ann", "bob", "cid"):
        await desk.hire(name)
    await desk.receive(*[requested(n) for n in range(1, 11)])
    counts = (await desk.given()).values()
    assert sorted(counts) == [3, 3, 4]


async def test_batches_go_on_where_the_last_one_ended(desk: Desk) -> None:
    for name in ("ann", "bob", "cid"):
        await desk.hire(name)
    for n in range(1, 8):
        await desk.receive(requested(n))
    assert sorted((await desk.given()).values()) == [2, 2, 3]


async def test_the_proposal_echoes_the_fence_of_the_request(desk: Desk) -> None:
    ann = await desk.hire("ann")
    await desk.receive(requested(1, task_version=7))
    [proposal] = await desk.sent(WorkAssigned)
    assert (proposal.task_version, proposal.operator_id, proposal.operator_name) == (7, ann, "Ann")
    assert proposal.reason == "least_virtual_time"


async def test_work_for_nobody_waits_and_says_why(desk: Desk) -> None:
    await desk.hire("ann", here=False)
    await desk.receive(requested(1))
    [event] = await desk.sent(WorkWaiting)
    assert event.candidates[0].reasons == ("not_on_shift",)
    assert await desk.states() == ["waiting"]


async def test_work_of_an_unknown_pool_waits_in_a_new_pool(desk: Desk) -> None:
    await desk.receive(requested(1, pool="night"))
    assert [each["pool"] for each in await desk.items("/work")] == ["night"]


async def test_the_preferred_owner_gets_the_work(desk: Desk) -> None:
    await desk.hire("ann")
    bob = await desk.hire("bob")
    await desk.receive(requested(1, prefer_operator_id=bob))
    [proposal] = await desk.sent(WorkAssigned)
    assert (proposal.operator_id, proposal.reason) == (bob, "preferred_owner")


async def test_capacity_ends_a_batch_and_the_rest_waits(desk: Desk) -> None:
    await desk.hire("ann", capacity=2)
    await desk.receive(*[requested(n) for n in range(1, 6)])
    assert [event.task_id for event in await desk.sent(WorkAssigned)] == [task_id(1), task_id(2)]
    assert await desk.waits() == 3


@pytest.mark.req("S2.1", "backlog")
async def test_a_backlog_is_shared_by_those_who_come_in_the_same_minutes(desk: Desk) -> None:
    await desk.receive(*[requested(n) for n in range(1, 30)])
    people = [await desk.hire(name) for name in ("ann", "bob", "cid")]
    assert await desk.given() == dict.fromkeys(people, 3)


@pytest.mark.req("backlog")
async def test_who_takes_one_of_their_share_gets_the_next_that_waits(desk: Desk) -> None:
    await desk.receive(*[requested(n) for n in range(1, 6)])
    ann = await desk.hire("ann")
    await desk.receive(*[assigned(n, proposal) for n, proposal in enumerate(await desk.sent(WorkAssigned), 1)])
    await desk.receive(taken(1, ann))
    assert [event.task_id for event in await desk.sent(WorkAssigned)][3:] == [task_id(4)]


async def test_fresh_work_is_bounded_by_capacity_alone(desk: Desk) -> None:
    ann = await desk.hire("ann")
    await desk.receive(*[requested(n) for n in range(1, 30)])
    assert await desk.given() == {ann: 20}


async def test_fresh_work_goes_out_though_older_work_waits_for_a_share(desk: Desk) -> None:
    await desk.receive(*[requested(n) for n in range(1, 6)])
    await desk.hire("ann")
    await desk.receive(requested(9))
    assert [event.task_id for event in await desk.sent(WorkAssigned)][3:] == [task_id(9)]


@pytest.mark.req("pool-tie")
async def test_ties_go_to_who_has_been_longest_without_work_of_any_pool(desk: Desk) -> None:
    await desk.make_pool("sales")
    ann, bob = [await desk.hire(name, pools=["callback", "sales"]) for name in ("ann", "bob")]
    for task, pool in enumerate(("callback", "sales", "sales", "callback"), 1):
        await desk.receive(requested(task, pool=pool))
    assert [event.operator_id for event in await desk.sent(WorkAssigned)] == [ann, bob, ann, bob]


async def test_finished_work_drains_the_most_urgent_that_waits(desk: Desk) -> None:
    ann = await desk.hire("ann", capacity=1)
    await desk.receive(requested(3), requested(2), requested(1))
    await desk.receive(completed(1, ann))
    last = (await desk.sent(WorkAssigned))[-1]
    assert (last.task_id, last.reason) == (task_id(2), "drained_work_finished")


async def test_older_work_is_drained_before_new_work_is_given(desk: Desk) -> None:
    ann = await desk.hire("ann", capacity=1)
    await desk.receive(requested(1), requested(2))
    await desk.receive(requested(9), completed(1, ann))
    assert [event.task_id for event in await desk.sent(WorkAssigned)] == [task_id(1), task_id(2)]


async def test_work_that_nobody_free_knows_does_not_block_the_rest(desk: Desk) -> None:
    ann = await desk.hire("ann", capacity=1, products=["tea"])
    await desk.receive(requested(1), *[requested(n, products=["coffee"]) for n in range(2, 30)], requested(40))
    await desk.receive(completed(1, ann))
    assert (await desk.sent(WorkAssigned))[-1].task_id == task_id(40)


async def test_one_operators_end_feeds_every_pool_they_sit_in(desk: Desk) -> None:
    await desk.make_pool("sales")
    ann = await desk.hire("ann", capacity=1, pools=["callback", "sales"])
    await desk.receive(requested(1), requested(2, pool="sales"))
    await desk.receive(completed(1, ann))
    assert [event.pool for event in await desk.sent(WorkAssigned)] == ["callback", "sales"]


async def test_a_proposal_is_held_when_made_and_confirmed_by_what_follows(desk: Desk) -> None:
    ann = await desk.hire("ann")
    await desk.receive(requested(1))
    assert (await desk.states(), (await desk.items("/decisions"))[0]["outcome"]) == (["held"], None)
    await desk.receive(taken(1, ann))
    assert (await desk.items("/decisions"))[0]["outcome"] == "confirmed"


async def test_a_declined_proposal_gives_the_turn_back(desk: Desk) -> None:
    ann = await desk.hire("ann")
    await desk.hire("bob")
    await desk.receive(requested(1))
    await desk.receive(declined((await desk.sent(WorkAssigned))[0]))
    await desk.receive(requested(2))
    assert (await desk.sent(WorkAssigned))[-1].operator_id == ann
    assert await desk.unbalanced() == []


async def test_a_late_decline_of_another_decision_changes_nothing(desk: Desk) -> None:
    await desk.hire("ann")
    await desk.receive(requested(1))
    [first] = await desk.sent(WorkAssigned)
    await desk.receive(requested(1, task_version=2))
    await desk.receive(declined(first))
    assert await desk.states() == ["held"]


async def test_withdrawn_work_leaves_the_operator_and_the_turn_comes_back(desk: Desk) -> None:
    ann = await desk.hire("ann")
    await desk.hire("bob")
    await desk.receive(requested(1))
    await desk.receive(withdrawn(1), requested(2))
    assert (await desk.sent(WorkAssigned))[-1].operator_id == ann
    assert await desk.states() == ["returned", "held"]


async def test_waiting_work_that_is_withdrawn_is_not_drained(desk: Desk) -> None:
    await desk.receive(requested(1))
    await desk.receive(withdrawn(1))
    await desk.hire("ann")
    assert await desk.given() == {}


async def test_pulled_work_counts_for_turn_and_capacity(desk: Desk) -> None:
    ann, bob = await desk.hire("ann"), await desk.hire("bob")
    await desk.receive(taken(1, ann))
    await desk.receive(requested(2), requested(3))
    assert [event.operator_id for event in await desk.sent(WorkAssigned)] == [bob, ann]
    assert (await desk.ok("GET", f"/operators/{ann}"))["open_work"] == 2


async def test_waiting_work_that_somebody_pulls_leaves_the_list(desk: Desk) -> None:
    ann = await desk.hire("ann", here=False)
    await desk.receive(requested(1))
    await desk.receive(taken(1, ann))
    await desk.hire("bob")
    assert await desk.given() == {}
    assert await desk.states() == ["held"]


async def test_work_pulled_from_under_a_proposal_gives_that_turn_back(desk: Desk) -> None:
    ann, bob = await desk.hire("ann"), await desk.hire("bob")
    await desk.receive(requested(1))
    await desk.receive(taken(1, bob), declined((await desk.sent(WorkAssigned))[0]))
    counts = {
        name: (await desk.ok("GET", f"/operators/{each}"))["open_work"] for name, each in [("a", ann), ("b", bob)]
    }
    assert counts == {"a": 0, "b": 1}


async def test_an_end_before_the_request_ends_the_work_for_good(desk: Desk) -> None:
    ann = await desk.hire("ann")
    await desk.receive(completed(1, ann))
    await desk.receive(requested(1))
    assert await desk.given() == {}
    assert await desk.states() == ["ended"]


async def test_a_request_and_its_end_in_one_batch_disturb_nobody(desk: Desk) -> None:
    await desk.hire("ann")
    await desk.receive(requested(1), completed(1, None))
    assert (await desk.given(), await desk.waits()) == ({}, 0)


async def test_an_older_request_changes_nothing(desk: Desk) -> None:
    await desk.hire("ann")
    await desk.receive(requested(1, task_version=2))
    await desk.receive(requested(1, task_version=1))
    assert len(await desk.sent(WorkAssigned)) == 1


async def test_what_a_stranger_took_is_nobodys_here(desk: Desk) -> None:
    await desk.receive(requested(1))
    await desk.receive(taken(1, lead_id(5)))
    await desk.hire("ann")
    assert (await desk.given(), await desk.states()) == ({}, ["returned"])


async def test_events_about_unknown_work_are_taken_in_stride(desk: Desk) -> None:
    ann = await desk.hire("ann")
    await desk.receive(withdrawn(1))
    await desk.receive(taken(2, ann, pool="nowhere"))
    assert await desk.states() == ["held"]
    assert await desk.unbalanced() == []


async def test_an_events_candidates_are_limited_and_the_records_are_not(desk: Desk) -> None:
    for n in range(22):
        await desk.hire(f"op{n}", here=n == 21)
    await desk.receive(requested(1))
    [proposal] = await desk.sent(WorkAssigned)
    record = DecisionView.model_validate((await desk.items("/decisions"))[0])
    assert (len(proposal.candidates), len(record.candidates)) == (5, 22)
    assert proposal.candidates[0].operator_id == proposal.operator_id


@pytest.mark.req("S3.14")
async def test_work_of_another_subject_than_a_lead_is_proposed_under_its_subject_s_key(desk: Desk) -> None:
    await desk.hire("ann")
    await desk.receive_under("customer:7", requested(1, lead_id=None))
    [proposal] = await desk.sent(WorkAssigned)
    [decision] = await desk.items("/decisions")
    assert (proposal.lead_id, decision["lead_id"]) == (None, None)
    assert await desk.ctx.db.pool.fetchval("SELECT key FROM outbox WHERE type = $1", proposal.event_type) == (
        "customer:7"
    )
