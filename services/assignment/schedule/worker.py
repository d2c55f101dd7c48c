"""The loop that plans the weeks ahead, begins and ends absences, and sees who comes and who is late."""

import asyncio

from libs.common.platform.waiting import wait_for_stop
from libs.common.platform.worker import Loop
from services.assignment.absences.actions import follow_absences
from services.assignment.context import Context
from services.assignment.lateness.actions import record_lateness
from services.assignment.schedule.actions import plan_ahead, watch
from services.assignment.swaps.actions import expire_swaps

INTERVAL = 10.0  # seconds
PLAN_EVERY = 60  # rounds between two plans


def schedule_loop(ctx: Context) -> Loop:

    async def schedule(stop: asyncio.Event) -> None:
        rounds = 0
        while not stop.is_set():
            if rounds % PLAN_EVERY == 0:
                await plan_ahead(ctx)
            await follow_absences(ctx)
            await watch(ctx)
            await record_lateness(ctx)
            await expire_swaps(ctx)
            rounds += 1
            await wait_for_stop(stop, INTERVAL)

    return schedule
