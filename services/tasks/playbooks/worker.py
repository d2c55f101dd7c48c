"""Loops: release leads whose playbook has become active; publish what an earlier release did."""

import asyncio
from functools import partial

from libs.common.platform.waiting import wait_for_stop
from libs.common.platform.worker import Loop, Watch, periodic, repeated
from services.tasks.context import Context
from services.tasks.desks.actions import announce_desks
from services.tasks.merges.actions import announce_merges
from services.tasks.playbooks.actions import announce
from services.tasks.playbooks.waiting import adopt_parked, release_ready

INTERVAL = 1.0  # seconds, where no lookout wakes the loop
ADOPT_INTERVAL = 60.0  # seconds
ANNOUNCE_INTERVAL = 60.0  # seconds


def waiting_loop(ctx: Context, watch: Watch | None = None) -> Loop:
    """Release what an activation missed: leads parked while it ran, and those that were adopted."""
    return repeated("waiting", partial(release_ready, ctx), watch or Watch(INTERVAL))


def adopting_loop(ctx: Context) -> Loop:
    """Adopt leads that an older release parked, again and again: it may still run."""
    return periodic("adopting", ADOPT_INTERVAL, partial(adopt_parked, ctx))


def announcing_loop(ctx: Context) -> Loop:
    """Publish desks, active playbooks and merges again and again: the earlier release may still run."""

    async def announcing(stop: asyncio.Event) -> None:
        while not stop.is_set():
            await announce_desks(ctx)
            await announce(ctx)
            await announce_merges(ctx)
            await wait_for_stop(stop, ANNOUNCE_INTERVAL)

    return announcing
