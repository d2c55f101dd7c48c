"""Use case: who pauses for longer than allowed is found."""

from services.assignment.context import Context
from services.assignment.pauses import store


async def find_long_pauses(ctx: Context) -> None:
    """Mark the pauses that are over a limit by now; what waits for the supervisors is raised of them once."""
    await ctx.db.pool.execute(store.FIND_OVER, ctx.now())
