"""The loop that publishes pools and operators of which the other services have not heard."""

import asyncio

from libs.common.platform.waiting import wait_for_stop
from libs.common.platform.worker import Loop
from services.assignment.context import Context
from services.assignment.operators.actions import announce_operators
from services.assignment.pools.actions import announce_pools

INTERVAL = 10.0  # seconds


def announcing_loop(ctx: Context) -> Loop:
    """Publish again and again: the earlier release may still run beside this one, and requests make pools."""

    async def announcing(stop: asyncio.Event) -> None:
        while not stop.is_set():
            if await announce_pools(ctx) + await announce_operators(ctx) == 0:
                await wait_for_stop(stop, INTERVAL)

    return announcing
