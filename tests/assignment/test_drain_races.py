"""Concurrent check-ins, changes and batches: real connections, released by one lock."""

import asyncio
from collections.abc import Coroutine
from uuid import UUID

import pytest

from libs.common.contracts.assignment import WorkAssigned
from libs.common.testkit.database import BLOCKED
from tests.assignment.desk import Desk, completed, requested, taken
from tests.support.patience import PATIENCE


async def at_once(desk: Desk, *actions: Coroutine[object, object, object]) -> None:
    """Start all actions while another connection locks the pool's row; unlock it once all of them wait."""
    async with desk.ctx.db.begin() as tx:
        await tx.conn.execute("SELECT FROM pool FOR UPDATE")
        running = [asyncio.ensure_future(action) for action in actions]
        async with asyncio.timeout(PATIENCE):
            while await desk.ctx.db.pool.fetchval(BLOCKED) < len(actions):
                await asyncio.sleep(0.01)
    await asyncio.gather(*running)


async def in_turn(desk: Desk, *actions: Coroutine[object, object, object]) -> None:
    """Let actions wait for the pool's row one after the other, then go on in that order."""
    async with desk.ctx.db.begin() as tx:
        await tx.conn.execute("SELECT FROM pool FOR UPDATE")
        running = []
        async with asyncio.timeout(PATIENCE):
            for action in actions:
                running.append(asyncio.ensure_future(action))
                while await desk.ctx.db.pool.fetchval(BLOCKED) < len(running):
                    await asyncio.sleep(0.01)
    await asyncio.gather(*running)


async def given_twice(desk: Desk) -> list[UUID]:
    tasks = [event.task_id for event in await desk.sent(WorkAssigned)]
    return [task for task in set(tasks) if tasks.count(task) > 1]


@pytest.mark.req("S2.1")
async def test_two_check_ins_at_once_share_the_backlog_and_give_nothing_twice(desk: Desk) -> None:
    ann, bob = [await desk.hire(name, here=False, capacity=6) for name in ("ann", "bob")]
    await desk.receive(*[requested(n) for n in range(1, 11)])
    await at_once(desk, desk.presence("ann", "check-in"), desk.presence("bob", "check-in"))
    given = await desk.given()
    assert (given[ann], given[bob]) == (3, 3)
    assert (await given_twice(desk), await desk.unbalanced()) == ([], [])


async def test_a_check_in_and_a_batch_at_once_give_nothing_twice(desk: Desk) -> None:
    await desk.set_share(20)
    await desk.hire("ann", here=False, capacity=7)
    await desk.receive(*[requested(n) for n in range(1, 6)])
    batch = [requested(n) for n in range(6, 11)]
    await at_once(desk, desk.presence("ann", "check-in"), desk.receive(*batch))
    assert (await given_twice(desk), await desk.unbalanced()) == ([], [])
    assert sum((await desk.given()).values()) == 7


async def test_pools_that_share_an_operator_never_exceed_their_capacity(desk: Desk) -> None:
    await desk.make_pool("sales")
    await desk.hire("ann", capacity=3, pools=["callback", "sales"])
    calls = [requested(n) for n in range(1, 4)]
    sales = [requested(n, pool="sales") for n in range(4, 7)]
    await at_once(desk, desk.receive(*calls), desk.receive(*sales))
    assert sum((await desk.given()).values()) == 3
    assert await desk.unbalanced() == []


async def test_a_pull_of_what_a_check_in_drains_counts_once(desk: Desk) -> None:
    await desk.hire("ann", here=False)
    bob = await desk.hire("bob", here=False)
    await desk.receive(requested(1))
    await at_once(desk, desk.presence("ann", "check-in"), desk.receive(taken(1, bob)))
    assert (await desk.states(), await desk.unbalanced()) == (["held"], [])


async def test_a_repeated_check_in_at_once_starts_one_shift(desk: Desk) -> None:
    await desk.hire("ann", here=False)
    await at_once(desk, desk.presence("ann", "check-in"), desk.presence("ann", "check-in"))
    assert await desk.ctx.db.pool.fetchval("SELECT count(*) FROM shift") == 1


async def test_ends_and_requests_of_many_batches_at_once_keep_the_books(desk: Desk) -> None:
    await desk.set_share(20)
    ann = await desk.hire("ann", capacity=4)
    await desk.receive(*[requested(n) for n in range(1, 9)])
    ends = [desk.receive(completed(n, ann)) for n in range(1, 5)]
    await at_once(desk, *ends)
    assert sum((await desk.given()).values()) == 8
    assert await desk.unbalanced() == []


async def test_a_batch_that_waits_for_a_change_of_seats_decides_on_the_new_ones(desk: Desk) -> None:
    await desk.make_pool("sales")
    bob = await desk.hire("bob", pools=["sales"])
    version = (await desk.ok("GET", f"/operators/{bob}"))["version"]
    seats, tag = {"pools": [{"code": "callback"}]}, {"if-match": f'"{version}"'}
    change = desk.ok("PATCH", f"/operators/{bob}", seats, headers=tag)
    await in_turn(desk, change, desk.receive(requested(1)))
    assert await desk.given() == {bob: 1}


async def test_a_batch_that_waits_while_somebody_leaves_the_pool_gives_them_nothing(desk: Desk) -> None:
    bob = await desk.hire("bob")
    version = (await desk.ok("GET", f"/operators/{bob}"))["version"]
    change = desk.ok("PATCH", f"/operators/{bob}", {"pools": []}, headers={"if-match": f'"{version}"'})
    await in_turn(desk, change, desk.receive(requested(1)))
    assert (await desk.given(), await desk.waits()) == ({}, 1)


async def test_a_batch_that_waits_for_another_goes_on_where_that_one_ended(desk: Desk) -> None:
    for name in ("ann", "bob", "cid"):
        await desk.hire(name)
    await in_turn(desk, *[desk.receive(requested(n)) for n in range(1, 7)])
    assert sorted((await desk.given()).values()) == [2, 2, 2]
    assert [row["turns"] for row in await desk.ctx.db.pool.fetch("SELECT turns FROM seat")] == [2, 2, 2]


async def test_an_end_that_waits_for_a_drain_of_the_same_task_ends_it(desk: Desk) -> None:
    await desk.hire("ann", here=False)
    await desk.receive(requested(1))
    await in_turn(desk, desk.presence("ann", "check-in"), desk.receive(completed(1, None)))
    assert (await desk.states(), await desk.unbalanced()) == (["ended"], [])
    assert [each["outcome"] for each in await desk.items("/decisions")] == ["returned", None]


async def test_no_operator_is_locked_before_the_last_pool(desk: Desk) -> None:
    for code in ("sales", "night"):
        await desk.make_pool(code)
    await desk.hire("ann", pools=["callback", "sales", "night"])
    async with desk.ctx.db.begin() as tx:
        await tx.conn.execute("SELECT FROM pool WHERE code = 'night' FOR UPDATE")
        batch = asyncio.ensure_future(desk.receive(requested(1)))
        async with asyncio.timeout(PATIENCE):
            while not await desk.ctx.db.pool.fetchval(BLOCKED):
                await asyncio.sleep(0.01)
        await tx.conn.execute("SELECT FROM operator FOR UPDATE NOWAIT")
    await batch
