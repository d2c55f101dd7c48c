"""The loop that moves the members of redistributions, a hundred at a time."""

import asyncio

from libs.common.platform.waiting import wait_for_stop
from libs.common.platform.worker import Loop
from services.tasks.context import Context
from services.tasks.redistributions.actions import continue_redistribution

INTERVAL = 0.5  # seconds


def redistribution_loop(ctx: Context) -> Loop:

    async def redistributions(stop: asyncio.Event) -> None:
        while not stop.is_set():
            if not await continue_redistribution(ctx):
                await wait_for_stop(stop, INTERVAL)

    return redistributions
