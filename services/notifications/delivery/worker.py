"""The worker's other loops: apply callbacks, end what nothing more can be done for."""

import asyncio

from libs.common.platform.waiting import wait_for_stop
from libs.common.platform.worker import Loop
from services.notifications.context import Context
from services.notifications.delivery.sender import Sender
from services.notifications.delivery.store import settle
from services.notifications.webhooks.actions import apply

LOOK = 0.02  # seconds between looks while callbacks come
LOOK_IDLE = 0.2
SETTLE = 1.0


def loops(ctx: Context) -> tuple[Loop, ...]:
    """Return sender, applier and settler."""
    sender = Sender(ctx)

    async def callbacks(stop: asyncio.Event) -> None:
        """Apply stored callbacks; without pause while batches come back full."""
        pause = LOOK
        while not stop.is_set():
            seen, halted = await apply(ctx.core.db, ctx.settings.callback_batch, ctx.core.clock.now())
            sender.alert(halted)
            pause = LOOK if seen else min(pause * 1.5, LOOK_IDLE)
            if seen < ctx.settings.callback_batch:
                await wait_for_stop(stop, pause)

    async def settler(stop: asyncio.Event) -> None:
        """Look once a second for attempts past their windows and messages past their deadlines."""
        while not stop.is_set():
            await settle(ctx.core.db, ctx.settings.repeat, ctx.settings.hope, ctx.core.clock.now())
            await wait_for_stop(stop, SETTLE)

    return sender, callbacks, settler
