"""The loop of fan-outs: writes commands and carries them out as long as there are any."""

import asyncio

from libs.common.platform.waiting import wait_for_stop
from libs.common.platform.worker import Loop
from services.tasks.context import Context
from services.tasks.fanouts.actions import carry_out, reactivate, spread

LOOK_AGAIN = 0.5  # seconds


def fanout_loop(ctx: Context) -> Loop:

    async def fanouts(stop: asyncio.Event) -> None:
        await reactivate(ctx)
        while not stop.is_set():
            written = await spread(ctx)
            if not await carry_out(ctx) and not written:
                await wait_for_stop(stop, LOOK_AGAIN)

    return fanouts
