"""The loop of moves that were too many for one transaction."""

import asyncio

from libs.common.platform.worker import Loop, Watch
from services.tasks.context import Context
from services.tasks.moves.actions import release_pending

INTERVAL = 0.5  # seconds, where no lookout wakes the loop
ARE_PENDING = "EXISTS (SELECT FROM pending_release)"


def release_loop(ctx: Context, watch: Watch | None = None) -> Loop:
    watch = watch or Watch(INTERVAL)

    async def releases(stop: asyncio.Event) -> None:
        while not stop.is_set():
            watch.begin()
            if await release_pending(ctx) == 0:
                await watch.wait(stop)

    return releases
