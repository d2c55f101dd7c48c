"""The lookout: asks the database for all loops of a worker at once who has something to do, and wakes those.

An idle worker then sends one statement now and then, instead of a transaction for each of its loops.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from libs.common.platform.clock import Clock
from libs.common.platform.db import Database
from libs.common.platform.db.errors import is_out_of_reach, is_transient
from libs.common.platform.telemetry.logs import get_logger
from libs.common.platform.waiting import wait_for_stop, wait_for_work
from libs.common.platform.worker.supervise import Loop

#: Seconds after which a loop looks for itself. What there is to do rings its bell, as a look that is refused does.
UNWATCHED = 30.0

log = get_logger(__name__)


class Lookout:
    """A loop of the worker. `questions`: by the name of a loop an SQL condition, in which `$1` is business time."""

    __name__ = "lookout"

    def __init__(self, db: Database, clock: Clock, questions: Mapping[str, str], seconds: float) -> None:
        self._db, self._clock, self._seconds = db, clock, seconds
        self.bells = {name: asyncio.Event() for name in questions}
        self._statement = statement_of(questions)

    async def __call__(self, stop: asyncio.Event) -> None:
        """Look every few tenths of a second until `stop`; after a look that is refused each loop looks for itself.

        A database that cannot be reached wakes no loop: those that fail on it pause, and would miss its return.
        """
        while not stop.is_set():
            try:
                await self.look()
            except Exception as error:
                if not is_out_of_reach(error):
                    self._ring_all()
                if not is_transient(error):
                    raise
                log.warning("lookout sees nothing", error_type=type(error).__name__)
            await wait_for_stop(stop, self._seconds)

    async def look(self) -> None:
        """Wake the loops that have something to do."""
        for row in await self._db.pool.fetch(self._statement, self._clock.now()):
            for name, bell in self.bells.items():
                if row[name]:
                    bell.set()

    def _ring_all(self) -> None:
        for bell in self.bells.values():
            bell.set()

    def watch(self, name: str) -> "Watch":
        """Return how the loop of that name waits."""
        return Watch(UNWATCHED, self.bells[name])


def statement_of(questions: Mapping[str, str]) -> str:
    """Return what the lookout asks; `$1` is business time."""
    columns = ", ".join(f"({condition}) AS {name}" for name, condition in questions.items())
    return f"SELECT $1::timestamptz AS moment, {columns}"  # its type first


@dataclass(frozen=True, slots=True)
class Watch:
    """How a loop without work waits: until the bell rings, and `seconds` without it."""

    seconds: float
    bell: asyncio.Event = field(default_factory=asyncio.Event)

    def begin(self) -> None:
        """Forget the bell: the loop looks now."""
        self.bell.clear()

    async def wait(self, stop: asyncio.Event, seconds: float | None = None) -> None:
        """Wait for work, or `stop`; `seconds`: no longer than that."""
        await wait_for_work(stop, self.bell, self.seconds if seconds is None else min(seconds, self.seconds))


def repeated(name: str, step: Callable[[], Awaitable[object]], watch: Watch) -> Loop:
    """Return a loop that repeats a step, and waits when there was nothing to do: when it returns what is false."""

    async def run(stop: asyncio.Event) -> None:
        while not stop.is_set():
            watch.begin()
            if not await step():
                await watch.wait(stop)

    run.__name__ = name
    return run
