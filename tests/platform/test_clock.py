"""Business time: one direction, shared by all processes of a local stack, and a moved clock wakes sleepers."""

import asyncio
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from libs.common.platform.clock import ManualClock, SharedClock, SystemClock
from tests.support.patience import PATIENCE

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
ADVANCE = """
import sys
from datetime import timedelta
from pathlib import Path
from libs.common.platform.clock import SharedClock
for _ in range(200):
    SharedClock(Path(sys.argv[1])).advance(timedelta(seconds=1))
"""


def test_manual_clock_stands_still_until_it_is_moved() -> None:
    clock = ManualClock(START)
    clock.advance(timedelta(minutes=20))
    assert clock.now() == START + timedelta(minutes=20)


async def test_manual_clock_wakes_only_whose_moment_has_come() -> None:
    clock = ManualClock(START)
    soon, later = (asyncio.create_task(clock.sleep_until(START + timedelta(hours=hours))) for hours in (1, 3))
    await asyncio.sleep(0)
    clock.advance(timedelta(hours=2))
    await asyncio.wait_for(soon, PATIENCE)
    assert not later.done()
    later.cancel()


async def test_a_moment_in_the_past_is_not_slept_for() -> None:
    await asyncio.wait_for(ManualClock(START).sleep_until(START), PATIENCE)
    await asyncio.wait_for(SystemClock().sleep_until(START), PATIENCE)


async def test_system_clock_sleeps_until_the_moment() -> None:
    clock = SystemClock()
    moment = clock.now() + timedelta(milliseconds=40)
    await clock.sleep_until(moment)
    assert clock.now() >= moment


@pytest.mark.parametrize("step", [timedelta(microseconds=-1), -DAY])
def test_business_time_never_goes_back(tmp_path: Path, step: timedelta) -> None:
    for clock in (ManualClock(START), SharedClock(tmp_path / "clock")):
        with pytest.raises(ValueError, match="forward"):
            clock.advance(step)


def test_shared_clock_starts_at_real_time(tmp_path: Path) -> None:
    clock = SharedClock(tmp_path / "new" / "clock")
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_shared_clock_moves_every_holder_of_the_file(tmp_path: Path) -> None:
    mine, other = SharedClock(tmp_path / "clock"), SharedClock(tmp_path / "clock")
    mine.advance(DAY)
    assert other.offset == DAY


def test_shared_offset_outlives_its_processes(tmp_path: Path) -> None:
    clock = SharedClock(tmp_path / "clock")
    clock.advance(DAY)
    clock.close()
    assert SharedClock(tmp_path / "clock").offset == DAY


async def test_shared_clock_wakes_a_sleeper_of_another_holder(tmp_path: Path) -> None:
    clock = SharedClock(tmp_path / "clock")
    sleeper = asyncio.create_task(clock.sleep_until(clock.now() + DAY))
    await asyncio.sleep(0)
    SharedClock(tmp_path / "clock").advance(DAY)
    await asyncio.wait_for(sleeper, PATIENCE)


def test_no_step_is_lost_when_processes_advance_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ADVANCE, str(tmp_path / "clock")]
    processes = [subprocess.Popen(command) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert SharedClock(tmp_path / "clock").offset == timedelta(seconds=600)
