"""The loop of moves that were too many for one transaction."""

from functools import partial

from libs.common.platform.worker import Loop, Watch, repeated
from services.tasks.context import Context
from services.tasks.moves.actions import release_pending

INTERVAL = 0.5  # seconds, where no lookout wakes the loop
ARE_PENDING = "EXISTS (SELECT FROM pending_release)"


def release_loop(ctx: Context, watch: Watch | None = None) -> Loop:
    return repeated("releases", partial(release_pending, ctx), watch or Watch(INTERVAL))
