"""The loop that books as payments what sources say was paid."""

import asyncio

from libs.common.platform.waiting import wait_for_stop
from libs.common.platform.worker import Loop
from services.intake.context import Context
from services.intake.payments.actions import book_payments

INTERVAL = 1.0  # seconds


def booking_loop(ctx: Context) -> Loop:
    """Book again and again; webhooks note the sum with the order, and are answered without waiting for it."""

    async def booking(stop: asyncio.Event) -> None:
        while not stop.is_set():
            if await book_payments(ctx) == 0:
                await wait_for_stop(stop, INTERVAL)

    return booking
