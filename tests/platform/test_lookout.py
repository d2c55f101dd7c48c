"""The lookout wakes the loops that have something to do, and no others, or all of them when it may not look."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from libs.common.platform.clock import ManualClock
from libs.common.platform.db import Database
from libs.common.platform.worker import Lookout, Watch

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
WORK = {"rows": "EXISTS (SELECT FROM job)", "timers": "$1 >= '2026-03-02 10:00Z'"}


@pytest.fixture
async def jobs(messaging_db: Database) -> Database:
    await messaging_db.pool.execute("CREATE TABLE job (id int)")
    return messaging_db


def rung(lookout: Lookout) -> set[str]:
    return {name for name, bell in lookout.bells.items() if bell.is_set()}


async def test_a_loop_with_work_is_woken_and_the_others_sleep(jobs: Database) -> None:
    lookout = Lookout(jobs, ManualClock(NOW), WORK, 0.01)
    await lookout.look()
    before = rung(lookout)
    await jobs.pool.execute("INSERT INTO job VALUES (1)")
    await lookout.look()
    assert (before, rung(lookout)) == (set(), {"rows"})


async def test_a_clock_that_is_moved_makes_work(jobs: Database) -> None:
    clock = ManualClock(NOW)
    lookout = Lookout(jobs, clock, WORK, 0.01)
    clock.advance(timedelta(hours=1))
    await lookout.look()
    assert rung(lookout) == {"timers"}


async def test_a_loop_waits_until_the_lookout_has_found_work(jobs: Database) -> None:
    stop, lookout = asyncio.Event(), Lookout(jobs, ManualClock(NOW), WORK, 0.01)
    looking = asyncio.create_task(lookout(stop))
    watch = lookout.watch("rows")
    waiting = asyncio.create_task(watch.wait(stop))
    await jobs.pool.execute("INSERT INTO job VALUES (1)")
    await asyncio.wait_for(waiting, 3)
    stop.set()
    await looking


async def test_a_lookout_that_reaches_no_database_wakes_no_loop_and_goes_on(
    jobs: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, lookout = asyncio.Event(), Lookout(jobs, ManualClock(NOW), WORK, 0.0)
    looks = iter([asyncpg.ConnectionDoesNotExistError(), None])

    async def look() -> None:
        if (error := next(looks)) is not None:
            raise error
        stop.set()

    monkeypatch.setattr(lookout, "look", look)
    await asyncio.wait_for(lookout(stop), 3)
    assert rung(lookout) == set()


async def test_when_a_look_is_refused_each_loop_looks_for_itself(jobs: Database) -> None:
    lookout = Lookout(jobs, ManualClock(NOW), WORK, 0.01)
    await jobs.pool.execute("ALTER TABLE job RENAME TO gone")
    with pytest.raises(asyncpg.UndefinedTableError):
        await lookout(asyncio.Event())
    assert rung(lookout) == set(WORK)


async def test_a_loop_does_not_wait_out_a_database_that_fails_for_a_time(jobs: Database) -> None:
    stop, lookout = asyncio.Event(), Lookout(jobs, ManualClock(NOW), WORK, 0.01)
    waiting = asyncio.create_task(lookout.watch("rows").wait(stop))
    async with jobs.begin() as tx:
        await tx.conn.execute("LOCK TABLE job")
        await jobs.pool.execute("SET lock_timeout = 1")
        looking = asyncio.create_task(lookout(stop))
        await asyncio.wait_for(waiting, 3)
    stop.set()
    await looking


async def test_a_loop_without_a_lookout_looks_for_itself() -> None:
    await asyncio.wait_for(Watch(0.01).wait(asyncio.Event()), 3)


async def test_work_that_comes_while_a_loop_looks_is_not_missed() -> None:
    watch = Watch(60)
    watch.begin()
    watch.bell.set()
    await asyncio.wait_for(watch.wait(asyncio.Event()), 3)


async def test_a_stop_ends_the_wait() -> None:
    stop = asyncio.Event()
    stop.set()
    await asyncio.wait_for(Watch(60).wait(stop), 3)
