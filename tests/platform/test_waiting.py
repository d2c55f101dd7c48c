"""Waits that end as they must, cancelled or not."""

import asyncio

import pytest

from libs.common.platform.waiting import to_its_end


async def test_who_is_cancelled_twice_hears_of_it_once_the_work_is_done() -> None:
    go, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        await go.wait()
        ended.set()

    waiting = asyncio.create_task(to_its_end(work()))
    for _ in range(2):
        await asyncio.sleep(0)
        waiting.cancel()
    await asyncio.sleep(0)
    assert not waiting.done()
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert ended.is_set()


async def test_the_result_and_the_error_of_the_work_are_its_callers() -> None:
    async def one() -> int:
        return 1

    async def none() -> int:
        raise LookupError

    assert await to_its_end(one()) == 1
    with pytest.raises(LookupError):
        await to_its_end(none())
