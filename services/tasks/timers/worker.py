"""The timer loop: sleeps until the next due time, catches up oldest first, never faster than its rate."""

import asyncio

from libs.common.platform.worker import Loop
from services.tasks.context import Context
from services.tasks.timers.actions import fire_due, next_due, try_again

LOOK_AGAIN = 0.5  # seconds; a timer set meanwhile may be due before the one slept for
BUSY = 0.05  # seconds; a due timer whose process is in other hands


def timer_loop(ctx: Context) -> Loop:
    """Return the loop that fires timers."""

    async def timers(stop: asyncio.Event) -> None:
        await try_again(ctx)
        while not stop.is_set():
            fired = await fire_due(ctx, ctx.settings.timer_batch)
            if fired:
                # What an outage left behind must not flood those who follow.
                await _pause(stop, fired / ctx.settings.timer_rate if fired >= ctx.settings.timer_batch else 0)
            else:
                await _until_due(ctx, stop)

    return timers


async def _until_due(ctx: Context, stop: asyncio.Event) -> None:
    """Sleep until the next due time by the business clock, or look again soon."""
    due = await next_due(ctx)
    if due is not None and due <= ctx.now():
        await _pause(stop, BUSY)
        return
    waits: list[asyncio.Task[object]] = [asyncio.create_task(stop.wait())]
    if due is not None:
        waits.append(asyncio.create_task(ctx.core.clock.sleep_until(due)))
    try:
        await asyncio.wait(waits, timeout=LOOK_AGAIN, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
