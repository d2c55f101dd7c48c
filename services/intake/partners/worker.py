"""The loop that publishes cards of which the other services have not heard all."""

import asyncio

from libs.common.platform.waiting import wait_for_stop
from libs.common.platform.worker import Loop
from services.intake.context import Context
from services.intake.partners.actions import announce_partners

INTERVAL = 10.0  # seconds


def announcing_loop(ctx: Context) -> Loop:
    """Publish again and again: the earlier release may still run beside this one."""

    async def announcing(stop: asyncio.Event) -> None:
        while not stop.is_set():
            if await announce_partners(ctx) == 0:
                await wait_for_stop(stop, INTERVAL)

    return announcing
