"""The loop that puts operators away whose heartbeats stay out."""

import asyncio

from libs.common.platform.waiting import wait_for_stop
from libs.common.platform.worker import Loop
from services.assignment.context import Context
from services.assignment.shifts.actions import find_silent

INTERVAL = 1.0  # seconds


def silence_loop(ctx: Context) -> Loop:

    async def silence(stop: asyncio.Event) -> None:
        while not stop.is_set():
            await find_silent(ctx)
            await wait_for_stop(stop, INTERVAL)

    return silence
