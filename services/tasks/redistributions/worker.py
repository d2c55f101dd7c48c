"""The loop that moves the members of redistributions, a hundred at a time."""

from functools import partial

from libs.common.platform.worker import Loop, Watch, repeated
from services.tasks.context import Context
from services.tasks.redistributions.actions import continue_redistribution
from services.tasks.redistributions.store import PLANS

INTERVAL = 0.5  # seconds, where no lookout wakes the loop
ARE_UNDER_WAY = PLANS.are_under_way


def redistribution_loop(ctx: Context, watch: Watch | None = None) -> Loop:
    return repeated("redistributions", partial(continue_redistribution, ctx), watch or Watch(INTERVAL))
