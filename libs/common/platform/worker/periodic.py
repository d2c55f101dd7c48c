"""Work that is done again and again, one failed round or not."""

import asyncio
from collections.abc import Awaitable, Callable

from libs.common.platform.db.errors import is_transient
from libs.common.platform.telemetry.logs import get_logger
from libs.common.platform.waiting import wait_for_stop
from libs.common.platform.worker.supervise import Loop

log = get_logger(__name__)


def periodic(name: str, seconds: float, work: Callable[[], Awaitable[object]]) -> Loop:
    """Return the loop that does the work at once and after each pause.

    A round that meets a transient error of the database is logged under its name, and the next one follows.
    """

    async def again(stop: asyncio.Event) -> None:
        done = False
        while not done:
            try:
                await work()
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("a round failed", work=name, error_type=type(error).__name__)
            done = await wait_for_stop(stop, seconds)

    return again
