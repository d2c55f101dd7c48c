"""The loop that sorts new leads into the search, so that accepting an order does not."""

from libs.common.platform.worker import Loop, periodic
from services.intake.context import Context

INTERVAL = 5.0  # seconds
SORT_IN = "SELECT gin_clean_pending_list('ix_lead_words')"


def sorting_loop(ctx: Context) -> Loop:
    """Empty the list of the search's index; what waits there is found all the same, only slower."""

    async def sort_in() -> None:
        await ctx.core.db.pool.execute(SORT_IN)

    return periodic("search", INTERVAL, sort_in)
