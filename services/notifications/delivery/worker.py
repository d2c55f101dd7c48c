"""The loops of notifications' worker: send, apply callbacks, ask for progress, expire attempts."""

import asyncio

from libs.common.connect.command.sender import Sender
from libs.common.platform.waiting import wait_for_stop
from libs.common.platform.worker import Loop
from services.notifications.asking.store import ensure_polls
from services.notifications.asking.worker import ASKED, polls
from services.notifications.context import Context
from services.notifications.delivery.sender import Attempts
from services.notifications.delivery.store import expire
from services.notifications.webhooks.actions import apply_callbacks

POLL = 0.02  # seconds between polls while callbacks come
POLL_IDLE = 0.2
EXPIRY = 1.0


def loops(ctx: Context) -> tuple[Loop, ...]:
    """Return the sender and the loops of callbacks, questions and expiry."""
    attempts = Attempts(ctx)
    sender = Sender(attempts, attempts.tries)

    async def callbacks(stop: asyncio.Event) -> None:
        """Apply stored callbacks, without a pause while batches are full."""
        pause = POLL
        while not stop.is_set():
            seen, halted = await apply_callbacks(ctx.core.db, ctx.settings.callback_batch, ctx.core.clock.now())
            attempts.alert(halted)
            pause = POLL if seen else min(pause * 1.5, POLL_IDLE)
            if seen < ctx.settings.callback_batch:
                await wait_for_stop(stop, pause)

    async def expiry(stop: asyncio.Event) -> None:
        """Expire attempts once a second."""
        while not stop.is_set():
            await expire(ctx.core.db, ctx.settings.policies, ctx.core.clock.now())
            await wait_for_stop(stop, EXPIRY)

    async def questions(stop: asyncio.Event) -> None:
        """Ask providers how messages are doing."""
        async with ctx.core.db.begin() as tx:
            await ensure_polls(tx, ASKED)
            await tx.commit()
        await polls(ctx)(stop)

    return sender, callbacks, expiry, questions
