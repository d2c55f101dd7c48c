"""Loops: release leads whose playbook has become active; publish what an earlier release did."""

import asyncio

from libs.common.platform.waiting import wait_for_stop
from libs.common.platform.worker import Loop
from services.tasks.context import Context
from services.tasks.desks.actions import announce_desks
from services.tasks.merges.actions import announce_merges
from services.tasks.playbooks.actions import announce
from services.tasks.playbooks.waiting import adopt_parked, release_ready

INTERVAL = 1.0  # seconds
ADOPT_EVERY = 60  # rounds between two adoptions
ANNOUNCE_INTERVAL = 60.0  # seconds


def waiting_loop(ctx: Context) -> Loop:
    """Release what an activation missed: leads parked while it ran, and leads that an older release parked."""

    async def waiting(stop: asyncio.Event) -> None:
        rounds = 0
        while not stop.is_set():
            if rounds % ADOPT_EVERY == 0:
                await adopt_parked(ctx)
            await release_ready(ctx)
            rounds += 1
            await wait_for_stop(stop, INTERVAL)

    return waiting


def announcing_loop(ctx: Context) -> Loop:
    """Publish desks, active playbooks and merges again and again: the earlier release may still run."""

    async def announcing(stop: asyncio.Event) -> None:
        while not stop.is_set():
            await announce_desks(ctx)
            await announce(ctx)
            await announce_merges(ctx)
            await wait_for_stop(stop, ANNOUNCE_INTERVAL)

    return announcing
