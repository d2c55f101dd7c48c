"""The loop that does the members of bulk actions, a hundred at a time."""

from functools import partial

from libs.common.platform.worker import Loop, Watch, repeated
from services.tasks.bulk.actions import continue_bulk_action
from services.tasks.bulk.store import PLANS
from services.tasks.context import Context

INTERVAL = 0.5  # seconds, where no lookout wakes the loop
ARE_UNDER_WAY = PLANS.are_under_way


def bulk_loop(ctx: Context, watch: Watch | None = None) -> Loop:
    return repeated("bulk_actions", partial(continue_bulk_action, ctx), watch or Watch(INTERVAL))
