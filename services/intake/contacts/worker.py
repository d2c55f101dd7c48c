"""The loop that lets go recordings whose calls never came."""

from datetime import timedelta

from libs.common.platform.worker import Loop, periodic
from services.intake.contacts.store import TRIM_EARLY
from services.intake.context import Context

INTERVAL = 3600.0  # seconds
KEPT = timedelta(days=1)


def trimming_loop(ctx: Context) -> Loop:
    """Let go each hour what has waited for its call for a day: no id leads from it to a person."""

    async def trim() -> None:
        await ctx.core.db.pool.execute(TRIM_EARLY, ctx.core.clock.now() - KEPT)

    return periodic("early recordings", INTERVAL, trim)
