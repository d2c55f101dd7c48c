"""Work that a worker does again and again."""

import asyncio

import asyncpg
import pytest

from libs.common.platform.worker import periodic


async def test_a_round_that_meets_a_transient_error_is_followed_by_the_next() -> None:
    stop, rounds = asyncio.Event(), 0

    async def work() -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 1:
            raise asyncpg.DeadlockDetectedError
        stop.set()

    await periodic("work", 0.001, work)(stop)
    assert rounds == 2


async def test_an_error_of_our_own_ends_the_loop() -> None:
    async def work() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await periodic("work", 0.001, work)(asyncio.Event())


async def test_work_is_done_at_once_and_ends_with_the_worker() -> None:
    stop, done = asyncio.Event(), []

    async def work() -> None:
        done.append(1)
        stop.set()

    await periodic("work", 3600, work)(stop)
    assert done == [1]
