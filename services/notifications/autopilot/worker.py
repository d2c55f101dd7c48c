"""The loop that looks after channels."""

from collections.abc import Callable, Sequence

from libs.common.connect.command.store import Halted
from libs.common.platform.worker import Loop, periodic
from services.notifications.autopilot.actions import go_past_halted, halt_dead
from services.notifications.autopilot.store import forget
from services.notifications.context import Context

INTERVAL, FORGET = 15.0, 3600.0  # seconds


def autopilot_loop(ctx: Context, alert: Callable[[Sequence[Halted]], None]) -> Loop:
    """Halt dead channels and let messages go past halted ones, again and again; `alert` hears of the former."""
    core = ctx.core

    async def look() -> None:
        alert(await halt_dead(core.db, core.clock.now()))
        await go_past_halted(core.db, core.clock.now())

    return periodic("autopilot", INTERVAL, look)


def forgetting_loop(ctx: Context) -> Loop:
    """Drop the counts that are too old to be shown, once an hour."""
    return periodic("old counts", FORGET, lambda: forget(ctx.core.db))
