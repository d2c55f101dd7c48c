"""The loop of moves that were too many for one transaction."""

import asyncio

from libs.common.platform.waiting import wait_for_stop
from libs.common.platform.worker import Loop
from services.tasks.context import Context
from services.tasks.moves.actions import release_pending

INTERVAL = 0.5  # seconds


def release_loop(ctx: Context) -> Loop:

    async def releases(stop: asyncio.Event) -> None:
        while not stop.is_set():
            if await release_pending(ctx) == 0:
                await wait_for_stop(stop, INTERVAL)

    return releases
