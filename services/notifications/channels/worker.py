"""The loop that publishes channels that were made or changed."""

from libs.common.platform.worker import Loop, periodic
from services.notifications.channels.actions import announce_channels
from services.notifications.context import Context

INTERVAL = 2.0  # seconds


def announcing_loop(ctx: Context) -> Loop:
    """Publish again and again: the API that changes channels publishes nothing, nor does the release before."""
    core = ctx.core
    return periodic("channels", INTERVAL, lambda: announce_channels(core.db, core.clock.now()))
