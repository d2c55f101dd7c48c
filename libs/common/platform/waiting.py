"""Bounded waits: for coroutines of libraries that mishandle cancellation, and for the stop event."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from contextvars import Context
from typing import TypeVar

T = TypeVar("T")


async def bounded(work: Coroutine[object, object, T], seconds: float) -> T:
    """Return the result of `work`.

    Raises TimeoutError after `seconds`, also when `work` ignores its cancellation or raises CancelledError by
    itself: aiokafka's `stop()` does both (measured).
    """
    task = asyncio.ensure_future(work)
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
    except asyncio.CancelledError:
        _abandon(task)
        raise
    if not done:
        _abandon(task)
        raise TimeoutError
    if task.cancelled():
        raise TimeoutError
    return task.result()


async def quietly(work: Coroutine[object, object, object], seconds: float) -> None:
    """Await the closing of a discarded object; errors and time-outs are ignored."""
    with suppress(Exception):
        await bounded(work, seconds)


async def to_its_end(work: Coroutine[object, object, T]) -> T:
    """Return the result of `work`, which nothing cancels: a caller who is cancelled hears of it when it is done."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
    return task.result()


def start_apart(work: Coroutine[object, object, T], name: str) -> "asyncio.Task[T]":
    """Start work that is of all callers: nothing of the context of the one that comes first is seen by it.

    A context has what a call's commits settle first (`db.before_commit`), what its logs say, and its trace.
    """
    return asyncio.create_task(work, name=name, context=Context())


def _abandon(task: "asyncio.Future[T]") -> None:
    task.cancel()
    task.add_done_callback(lambda done: done.cancelled() or done.exception())


def growing(attempt: int, first: float, longest: float) -> float:
    """Return the pause after a failure in seconds; `attempt` counts from 0, each pause is twice the last."""
    return float(min(first * 2 ** min(attempt, 30), longest))  # a larger exponent overflows after a day


async def wait_for_stop(stop: asyncio.Event, seconds: float) -> bool:
    """Sleep up to `seconds`, less when `stop` is set; return whether it is."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return False
    return True


async def wait_for_work(stop: asyncio.Event, work: asyncio.Event, seconds: float) -> None:
    """Sleep up to `seconds`, less when `work` or `stop` is set; who looks for the work clears it first."""
    waits = {asyncio.ensure_future(stop.wait()), asyncio.ensure_future(work.wait())}
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
