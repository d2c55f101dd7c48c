"""The loop of what time does to operators: the silent are away, work after a call ends, pauses have limits."""

from collections.abc import Mapping

from libs.common.platform.worker import Lookout, Loop, repeated
from services.assignment.context import Context
from services.assignment.pauses.actions import find_long_pauses
from services.assignment.pauses.store import ARE_OVER
from services.assignment.shifts.actions import ARE_SILENT, IS_AFTER_CALL_OVER, end_after_calls, find_silent

LOOK = 1.0  # seconds between two looks at what there is to do
WORK: Mapping[str, str] = {"silence": f"{ARE_SILENT} OR {IS_AFTER_CALL_OVER} OR {ARE_OVER}"}


def silence_loops(ctx: Context) -> tuple[Loop, Loop]:
    """Return the lookout, and the loop that it wakes."""
    lookout = Lookout(ctx.db, ctx.core.clock, WORK, LOOK)

    async def silence() -> None:
        await find_silent(ctx)
        await end_after_calls(ctx)
        await find_long_pauses(ctx)

    return lookout, repeated("silence", silence, lookout.watch("silence"))
