"""Concurrent check-ins, changes and batches: real connections, released by one lock."""

import asyncio
from collections.abc import Coroutine
from uuid import UUID

import pytest

from libs.common.contracts.assignment import WorkAssigned
from libs.common.testkit.database import BLOCKED
from tests.assignment.desk import Desk, completed, requested, taken


async def at_once(desk: Desk, *actions: Coroutine[object, object, object]) -> None:
    """Start all actions while another connection locks the pool's row; unlock it once all of them wait."""
    async with desk.ctx.db.begin() as tx:
        await tx.conn.execute("SELECT FROM pool FOR UPDATE")
        running = [asyncio.ensure_future(action) for action in actions]
        async with asyncio.timeout(10):
            while await desk.ctx.db.pool.fetchval(BLOCKED) < len(actions):
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
