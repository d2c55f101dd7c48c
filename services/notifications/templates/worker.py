"""The loop that publishes templates of which tasks has not heard."""

from libs.common.platform.worker import Loop, periodic
from services.notifications.context import Context
from services.notifications.templates.actions import announce_templates

INTERVAL = 60.0  # seconds


def announcing_loop(ctx: Context) -> Loop:
    """Publish again and again: the earlier release may still run beside this one."""
    core = ctx.core
    return periodic("templates", INTERVAL, lambda: announce_templates(core.db, core.clock.now()))
