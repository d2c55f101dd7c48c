"""The loop that does the members of bulk actions, a hundred at a time."""

from functools import partial

from libs.common.platform.worker import Loop, Watch, repeated
from services.notifications.bulk.actions import continue_bulk_action
from services.notifications.bulk.store import PLANS
from services.notifications.context import Context

ARE_UNDER_WAY = PLANS.are_under_way


def bulk_loop(ctx: Context, watch: Watch) -> Loop:
    return repeated("bulk_actions", partial(continue_bulk_action, ctx), watch)
