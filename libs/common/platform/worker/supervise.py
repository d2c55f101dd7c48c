"""Supervision: a crashed loop is restarted by itself, with growing pauses."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from prometheus_client import Counter

from libs.common.platform.telemetry.logs import get_logger
from libs.common.platform.waiting import wait_for_stop

#: Runs until the event is set; named by its `__name__`.
Loop: TypeAlias = Callable[[asyncio.Event], Awaitable[None]]

FIRST_PAUSE = 0.2  # seconds
LONGEST_PAUSE = 10.0
CALM = 60.0  # seconds of work after which a crash counts as the first again

log = get_logger(__name__)


def name_of(loop: Loop) -> str:
    """Return what the loop is called in logs and metrics."""
    return str(getattr(loop, "__name__", None) or type(loop).__name__)


async def supervise(loop: Loop, stop: asyncio.Event, crashes: Counter) -> None:
    """Run `loop` until `stop` is set; restart it when it raises or returns before that."""
    clock, pause = asyncio.get_running_loop().time, FIRST_PAUSE
    while not stop.is_set():
        started = clock()
        try:
            await loop(stop)
        except Exception as error:
            log.exception("loop crashed", loop=name_of(loop), error_type=type(error).__name__)
            crashes.labels(name_of(loop)).inc()
        if clock() - started > CALM:
            pause = FIRST_PAUSE
        await wait_for_stop(stop, pause)
        pause = min(pause * 2, LONGEST_PAUSE)
