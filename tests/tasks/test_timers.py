"""Timers on a real database: exactly once, oldest first, with a clock that moves."""

import asyncio
from datetime import timedelta

import pytest

from libs.common.contracts import tasks
from services.tasks.timers.actions import fire_due, next_due, try_again
from services.tasks.timers.worker import timer_loop
from tests.tasks.support import START, TINY
from tests.tasks.world import World


async def pending(world: World) -> int:
    count: int = await world.ctx.db.pool.fetchval("SELECT count(*) FROM timer")
    return count


async def test_a_timer_fires_once_whoever_looks(world: World) -> None:
    for _ in range(10):
        await world.lead("school")
    world.clock.advance(timedelta(minutes=20))
    fired = await asyncio.gather(*(fire_due(world.ctx, 100) for _ in range(4)))
    assert (sum(fired), len(await world.sent(tasks.WorkRequested))) == (10, 10)


async def test_nothing_fires_before_its_time(world: World) -> None:
    await world.lead("school")
    world.clock.advance(timedelta(minutes=19, seconds=59))
    assert (await fire_due(world.ctx, 100), await next_due(world.ctx)) == (0, START + timedelta(minutes=20))


async def test_after_an_outage_the_oldest_fire_first_in_batches(world: World) -> None:
    leads = []
    for _ in range(3):
        leads.append(await world.lead("school"))
        world.clock.advance(timedelta(minutes=1))
    world.clock.advance(timedelta(hours=1))
    await fire_due(world.ctx, 2)
    assert [asked.lead_id for asked in await world.sent(tasks.WorkRequested)] == leads[:2]


@pytest.mark.req("S2.6")
async def test_an_overdue_task_is_told_once(world: World) -> None:
    await world.lead("school")
    for _ in range(3):
        await world.pass_time(timedelta(hours=1))
    assert len(await world.sent(tasks.TaskOverdue)) == 1


async def test_a_crash_before_the_commit_leaves_the_timer_to_fire(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.lead("school")
    world.clock.advance(timedelta(minutes=20))

    def die(point: str) -> None:
        raise ConnectionResetError(point)

    with monkeypatch.context() as patch:
        patch.setattr("services.tasks.timers.actions.reach", die)
        with pytest.raises(ConnectionResetError, match="claimed"):
            await fire_due(world.ctx, 100)
    assert await fire_due(world.ctx, 100) == 1


async def test_a_timer_of_a_process_in_other_hands_waits(world: World) -> None:
    await world.lead("school")
    world.clock.advance(timedelta(minutes=20))
    async with world.ctx.db.begin() as tx:
        await tx.conn.execute("SELECT * FROM process FOR UPDATE")
        held = await fire_due(world.ctx, 100)
    assert (held, await fire_due(world.ctx, 100)) == (0, 1)


CHAIN = """timers:
  first:
    at: 10m
    then:
      - then:
          - VERB: second
  second:
    at: 20m
    then:
      - then:
          - note: {ru: второй, en: second}
"on":"""


@pytest.mark.parametrize(("verb", "fired", "left"), [("cancel_timer", 2, 0), ("timer", 2, 1)])
async def test_a_timer_that_an_earlier_one_dropped_or_set_anew_does_not_fire_with_it(
    world: World, verb: str, fired: int, left: int
) -> None:
    await world.play(
        TINY.replace('"on":', CHAIN.replace("VERB", verb)).replace(
            "- open: call", "- open: call\n        - timer: first\n        - timer: second"
        )
    )
    await world.lead("tiny")
    world.clock.advance(timedelta(hours=1))
    count = await fire_due(world.ctx, 100)
    notes = await world.ctx.db.pool.fetchval("SELECT count(*) FROM timeline_entry WHERE kind = 'note'")
    assert (count, notes, await pending(world)) == (fired, 0, left)


async def test_all_that_is_due_of_one_process_fires_in_its_order(world: World) -> None:
    await world.lead("school")
    world.clock.advance(timedelta(hours=1))
    assert await fire_due(world.ctx, 1) == 2
    kinds = await world.ctx.db.pool.fetch("SELECT kind FROM timeline_entry ORDER BY id DESC LIMIT 2")
    assert [row["kind"] for row in kinds] == ["dozvon.task.overdue.v1", "dozvon.work.requested.v1"]


async def broken(world: World) -> None:
    """A due timer that cannot be applied, the oldest of all, and one that can."""
    lead_id = await world.lead("school")
    await world.lead("school")
    await world.ctx.db.pool.execute("UPDATE process SET facts = '{}' WHERE lead_id = $1", lead_id)
    world.clock.advance(timedelta(minutes=20))


async def test_a_timer_that_cannot_be_applied_is_set_aside_and_the_others_fire(world: World) -> None:
    await broken(world)
    fired = [await fire_due(world.ctx, 100), await fire_due(world.ctx, 100)]
    aside = await world.ctx.db.pool.fetchval("SELECT count(*) FROM timer WHERE set_aside_at IS NOT NULL")
    counted = world.ctx.core.metrics.get_sample_value("tasks_timers_set_aside_total")
    assert (fired, aside, counted, len(await world.sent(tasks.WorkRequested))) == ([1, 0], 1, 1, 1)


async def test_what_was_set_aside_is_tried_again_by_the_next_release(world: World) -> None:
    await broken(world)
    await fire_due(world.ctx, 100)
    await world.ctx.db.pool.execute("UPDATE process SET facts = (SELECT facts FROM process WHERE facts <> '{}')")
    await try_again(world.ctx)
    assert await fire_due(world.ctx, 100) == 1


async def test_the_loop_wakes_when_the_clock_is_moved(world: World) -> None:
    await world.lead("school")
    stop = asyncio.Event()
    loop = asyncio.ensure_future(timer_loop(world.ctx)(stop))
    world.clock.advance(timedelta(minutes=20))
    async with asyncio.timeout(5):
        while not await world.sent(tasks.WorkRequested):
            await asyncio.sleep(0.05)
    stop.set()
    await loop
    assert await pending(world) == 1
