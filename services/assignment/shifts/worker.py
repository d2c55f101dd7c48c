"""The loop of what time does to operators: the silent are away, work after a call ends, pauses have limits."""

import asyncio

from libs.common.platform.waiting import wait_for_stop
from libs.common.platform.worker import Loop
from services.assignment.context import Context
from services.assignment.pauses.actions import find_long_pauses
from services.assignment.shifts.actions import end_after_calls, find_silent

INTERVAL = 1.0  # seconds


def silence_loop(ctx: Context) -> Loop:

    async def silence(stop: asyncio.Event) -> None:
        while not stop.is_set():
            await find_silent(ctx)
            await end_after_calls(ctx)
            await find_long_pauses(ctx)
            await wait_for_stop(stop, INTERVAL)

    return silence
