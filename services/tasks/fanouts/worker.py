"""The loop of fan-outs: writes commands and carries them out as long as there are any."""

import asyncio

from libs.common.platform.worker import Loop, Watch
from services.tasks.context import Context
from services.tasks.fanouts.actions import carry_out, reactivate, spread

LOOK_AGAIN = 0.5  # seconds, where no lookout wakes the loop
ARE_UNDER_WAY = "EXISTS (SELECT FROM fanout)"


def fanout_loop(ctx: Context, watch: Watch | None = None) -> Loop:
    watch = watch or Watch(LOOK_AGAIN)

    async def fanouts(stop: asyncio.Event) -> None:
        await reactivate(ctx)
        while not stop.is_set():
            watch.begin()
            written = await spread(ctx)
            if not await carry_out(ctx) and not written:
                await watch.wait(stop)

    return fanouts
