"""The timer loop: sleeps until the next due time; fires a backlog oldest first, at a limited rate."""

import asyncio

from libs.common.platform.worker import Loop, Watch
from services.tasks.context import Context
from services.tasks.timers.actions import fire_due, next_due, reactivate

LOOK_AGAIN = 0.5  # seconds, where no lookout wakes the loop; a timer set during the sleep may be due earlier
BUSY = 0.05  # seconds; a timer is due, but another transaction holds its process
# Not whether there is a due one: for a moment that it does not know the server expects a third of all timers to be
# due, and reads all of them.
ARE_DUE = "COALESCE((SELECT min(due_at) FROM timer WHERE set_aside_at IS NULL) <= $1, false)"


def timer_loop(ctx: Context, watch: Watch | None = None) -> Loop:
    watch = watch or Watch(LOOK_AGAIN)

    async def timers(stop: asyncio.Event) -> None:
        await reactivate(ctx)
        while not stop.is_set():
            watch.begin()
            fired = await fire_due(ctx, ctx.settings.timer_batch)
            if fired:
                # A backlog after an outage must not flood other services.
                await _pause(stop, fired / ctx.settings.timer_rate if fired >= ctx.settings.timer_batch else 0)
            else:
                await _until_due(ctx, stop, watch)

    return timers


async def _until_due(ctx: Context, stop: asyncio.Event, watch: Watch) -> None:
    """Sleep until the next due time by the business clock, less when the bell rings."""
    due = await next_due(ctx)
    if due is not None and due <= ctx.now():
        await _pause(stop, BUSY)
        return
    waits: list[asyncio.Task[object]] = [asyncio.create_task(watch.wait(stop))]
    if due is not None:
        waits.append(asyncio.create_task(ctx.core.clock.sleep_until(due)))
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
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
