"""The loop that moves the members of redistributions, a hundred at a time."""

import asyncio

from libs.common.platform.worker import Loop, Watch
from services.tasks.context import Context
from services.tasks.redistributions.actions import continue_redistribution

INTERVAL = 0.5  # seconds, where no lookout wakes the loop
ARE_UNDER_WAY = "EXISTS (SELECT FROM redistribution WHERE state IN ('applying', 'undoing'))"


def redistribution_loop(ctx: Context, watch: Watch | None = None) -> Loop:
    watch = watch or Watch(INTERVAL)

    async def redistributions(stop: asyncio.Event) -> None:
        while not stop.is_set():
            watch.begin()
            if not await continue_redistribution(ctx):
                await watch.wait(stop)

    return redistributions
