"""Timers on a real database: exactly once, oldest first, with a clock that moves."""

import asyncio
from datetime import timedelta

import pytest

from libs.common.contracts import tasks
from services.tasks.timers.actions import fire_due, next_due, reactivate
from services.tasks.timers.worker import timer_loop
from tests.support.patience import PATIENCE
from tests.tasks.desk import Desk
from tests.tasks.support import START, TINY


async def pending(desk: Desk) -> int:
    count: int = await desk.ctx.db.pool.fetchval("SELECT count(*) FROM timer")
    return count


async def test_a_timer_fires_once_whoever_looks(desk: Desk) -> None:
    for _ in range(10):
        await desk.lead("school")
    desk.clock.advance(timedelta(minutes=20))
    fired = await asyncio.gather(*(fire_due(desk.ctx, 100) for _ in range(4)))
    assert (sum(fired), len(await desk.sent(tasks.WorkRequested))) == (10, 10)


async def test_nothing_fires_before_its_time(desk: Desk) -> None:
    await desk.lead("school")
    desk.clock.advance(timedelta(minutes=19, seconds=59))
    assert (await fire_due(desk.ctx, 100), await next_due(desk.ctx)) == (0, START + timedelta(minutes=20))


async def test_after_an_outage_the_oldest_fire_first_in_batches(desk: Desk) -> None:
    leads = []
    for _ in range(3):
        leads.append(await desk.lead("school"))
        desk.clock.advance(timedelta(minutes=1))
    desk.clock.advance(timedelta(hours=1))
    await fire_due(desk.ctx, 2)
    assert [asked.lead_id for asked in await desk.sent(tasks.WorkRequested)] == leads[:2]


@pytest.mark.req("S2.6")
async def test_an_overdue_task_is_told_once(desk: Desk) -> None:
    await desk.lead("school")
    for _ in range(3):
        await desk.pass_time(timedelta(hours=1))
    assert len(await desk.sent(tasks.TaskOverdue)) == 1


async def test_a_crash_before_the_commit_leaves_the_timer_to_fire(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.lead("school")
    desk.clock.advance(timedelta(minutes=20))

    def die(point: str) -> None:
        raise ConnectionResetError(point)

    with monkeypatch.context() as patch:
        patch.setattr("services.tasks.timers.actions.reach", die)
        with pytest.raises(ConnectionResetError, match="claimed"):
            await fire_due(desk.ctx, 100)
    assert await fire_due(desk.ctx, 100) == 1


async def test_a_timer_of_a_process_in_other_hands_waits(desk: Desk) -> None:
    await desk.lead("school")
    desk.clock.advance(timedelta(minutes=20))
    async with desk.ctx.db.begin() as tx:
        await tx.conn.execute("SELECT * FROM process FOR UPDATE")
        held = await fire_due(desk.ctx, 100)
    assert (held, await fire_due(desk.ctx, 100)) == (0, 1)


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
    desk: Desk, verb: str, fired: int, left: int
) -> None:
    await desk.activate_playbook(
        TINY.replace("mode: push", "mode: pull")
        .replace('"on":', CHAIN.replace("VERB", verb))
        .replace("- open: call", "- open: call\n        - timer: first\n        - timer: second")
    )
    await desk.lead("tiny")
    desk.clock.advance(timedelta(hours=1))
    count = await fire_due(desk.ctx, 100)
    notes = await desk.ctx.db.pool.fetchval("SELECT count(*) FROM timeline_entry WHERE kind = 'note'")
    assert (count, notes, await pending(desk)) == (fired, 0, left)


async def test_all_that_is_due_of_one_process_fires_in_its_order(desk: Desk) -> None:
    await desk.lead("school")
    desk.clock.advance(timedelta(hours=1))
    assert await fire_due(desk.ctx, 1) == 2
    kinds = await desk.ctx.db.pool.fetch("SELECT kind FROM timeline_entry ORDER BY id DESC LIMIT 2")
    assert [row["kind"] for row in kinds] == ["dozvon.task.overdue.v1", "dozvon.work.requested.v1"]


async def broken(desk: Desk) -> None:
    """A due timer that cannot be applied, the oldest of all, and one that can."""
    lead_id = await desk.lead("school")
    await desk.lead("school")
    await desk.ctx.db.pool.execute("UPDATE process SET facts = '{}' WHERE lead_id = $1", lead_id)
    desk.clock.advance(timedelta(minutes=20))


async def test_a_timer_that_cannot_be_applied_is_set_aside_and_the_others_fire(desk: Desk) -> None:
    await broken(desk)
    fired = [await fire_due(desk.ctx, 100), await fire_due(desk.ctx, 100)]
    aside = await desk.ctx.db.pool.fetchval("SELECT count(*) FROM timer WHERE set_aside_at IS NOT NULL")
    counted = desk.ctx.core.metrics.get_sample_value("tasks_timers_set_aside_total")
    assert (fired, aside, counted, len(await desk.sent(tasks.WorkRequested))) == ([1, 0], 1, 1, 1)


async def test_what_was_set_aside_is_tried_again_by_the_next_release(desk: Desk) -> None:
    await broken(desk)
    await fire_due(desk.ctx, 100)
    await desk.ctx.db.pool.execute("UPDATE process SET facts = (SELECT facts FROM process WHERE facts <> '{}')")
    await reactivate(desk.ctx)
    assert await fire_due(desk.ctx, 100) == 1


async def test_the_loop_wakes_when_the_clock_is_moved(desk: Desk) -> None:
    await desk.lead("school")
    stop = asyncio.Event()
    loop = asyncio.ensure_future(timer_loop(desk.ctx)(stop))
    desk.clock.advance(timedelta(minutes=20))
    async with asyncio.timeout(PATIENCE):
        while not await desk.sent(tasks.WorkRequested):
            await asyncio.sleep(0.05)
    stop.set()
    await loop
    assert await pending(desk) == 2  # the due time, and the answer
