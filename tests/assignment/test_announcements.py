"""Pools and operators are published when they change, and once those of an earlier release."""

import asyncio

import pytest

from libs.common.contracts.assignment import OperatorChanged, PoolChanged
from libs.common.contracts.shared import TakenWork
from services.assignment.operators.actions import announce_operators
from services.assignment.operators.worker import announcing_loop
from services.assignment.pools.actions import announce_pools
from tests.assignment.desk import Desk, requested
from tests.support.patience import PATIENCE

# As it left them: it knows nothing of the columns.
EARLIER_RELEASE = ("UPDATE operator SET announced_version = NULL", "UPDATE pool SET announced_version = NULL")
EARLIER_CHANGE = "UPDATE operator SET capacity = 3, version = version + 1"


async def test_a_new_pool_is_published_with_its_rules(desk: Desk) -> None:
    (pool,) = await desk.sent(PoolChanged)
    rules = pool.off_shift_pull, pool.taken_work, pool.version
    assert (pool.desk, pool.code, *rules) == ("demo", "callback", False, TakenWork.KEEP, 1)


async def test_a_changed_pool_is_published_with_its_version(desk: Desk) -> None:
    rules = {"off_shift_pull": True, "taken_work": "release", "away_after": 0}
    view = await desk.ok("PATCH", "/pools/callback", rules, headers={"if-match": '"1"'})
    last = (await desk.sent(PoolChanged))[-1]
    assert (last.off_shift_pull, last.taken_work, last.version) == (True, TakenWork.RELEASE, view["version"])
    assert {name: view[name] for name in rules} == rules


async def test_what_is_left_out_of_a_change_stays(desk: Desk) -> None:
    await desk.ok("PATCH", "/pools/callback", {"off_shift_pull": True}, headers={"if-match": '"1"'})
    view = await desk.ok("PATCH", "/pools/callback", {"role": "adviser"}, headers={"if-match": '"2"'})
    assert (view["off_shift_pull"], view["role"]) == (True, "adviser")


@pytest.mark.req("P.1")
async def test_what_an_earlier_release_left_is_published_once(desk: Desk) -> None:
    await desk.hire("ann")
    for statement in EARLIER_RELEASE:
        await desk.ctx.db.pool.execute(statement)
    told = [(await announce_pools(desk.ctx), await announce_operators(desk.ctx)) for _ in range(2)]
    assert told == [(1, 1), (0, 0)]


async def test_what_an_earlier_release_changes_beside_this_one_is_published_too(desk: Desk) -> None:
    await desk.hire("ann")
    await desk.ctx.db.pool.execute(EARLIER_CHANGE)
    await announce_operators(desk.ctx)
    last = (await desk.sent(OperatorChanged))[-1]
    assert (last.capacity, last.version) == (3, 3)


async def test_a_pool_that_a_request_made_is_published(desk: Desk) -> None:
    await desk.receive(requested(1, pool="night"))
    await announce_pools(desk.ctx)
    assert [pool.code for pool in await desk.sent(PoolChanged)] == ["callback", "night"]


async def test_two_workers_publish_it_once(desk: Desk) -> None:
    await desk.ctx.db.pool.execute(EARLIER_RELEASE[1])
    assert sum(await asyncio.gather(announce_pools(desk.ctx), announce_pools(desk.ctx))) == 1


async def test_the_worker_publishes_it(desk: Desk) -> None:
    await desk.ctx.db.pool.execute(EARLIER_RELEASE[1])
    stop = asyncio.Event()

    async def look() -> None:
        async with asyncio.timeout(PATIENCE):
            while len(await desk.sent(PoolChanged)) < 2:
                await asyncio.sleep(0.01)
        stop.set()

    await asyncio.gather(announcing_loop(desk.ctx)(stop), look())
