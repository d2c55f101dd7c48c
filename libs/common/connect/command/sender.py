"""The sender: claims commands, calls several at a time, records answers many at a time.

A command is `sending` in the database before the first byte leaves. When its lease has expired, a worker
repeats the call with the same key while the other side remembers it, and never afterwards.
"""

import asyncio
import random
from collections import deque
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from prometheus_client import Counter

from libs.common.connect.command.rules import CLAIMED_TOO_SLOWLY, Answer, Outcome, Verdict, judge
from libs.common.connect.command.slots import SendSlots
from libs.common.connect.command.store import Claim, Result
from libs.common.platform import faultpoints
from libs.common.platform.db.errors import is_transient
from libs.common.platform.telemetry.logs import get_logger
from libs.common.platform.waiting import wait_for_work

D = TypeVar("D")

IDLE = 0.25  # seconds between polls of an empty table
# Seconds to wait for more to claim or to record, for each call that is under way, and at most: one transaction for
# many when there is much to do, no pause for a single one.
LINGER = 0.001
LONGEST_LINGER = 0.02
MAX_BATCH = 200
RECENT = 16  # calls by which an account's health is judged
DATABASE_PAUSE = 0.2  # seconds before a retry after a database error
_UNANSWERED = (Verdict.DOUBT, Verdict.WAIT, Verdict.LATER)
_DOUBTS = (Verdict.DOUBT, Verdict.WAIT)

log = get_logger(__name__)


class Commands(Protocol[D]):
    """What a service says of its commands. `timeout` is the seconds of one call, less than those of `lease`."""

    timeout: float
    lease: float
    slots: int
    due: asyncio.Event

    async def claim(self, busy: Mapping[UUID, int]) -> Sequence[Claim[D]]:
        """Claim due commands and commit."""
        ...

    async def call(self, claim: Claim[D]) -> Answer:
        """Call once, outside any transaction; errors are answers too."""
        ...

    async def record(self, results: Sequence[Result[D]]) -> None:
        """Write results with all that follows from them, and commit."""
        ...


class Sender(Generic[D]):
    """A loop of the worker. `tries` counts calls by kind and verdict.

    `idle`: seconds after which it looks for due commands unless `due` is set. `name`: of the loop, in logs.
    """

    def __init__(self, commands: Commands[D], tries: Counter, idle: float = IDLE, name: str = "sender") -> None:
        self.__name__ = name
        self._commands = commands
        self._tries = tries
        self._idle = idle
        self._max_start_delay = commands.lease - commands.timeout
        self._slots: dict[UUID, SendSlots] = {}
        self._calls: set[asyncio.Task[None]] = set()
        self._results: asyncio.Queue[Result[D]] = asyncio.Queue()
        self._recent: dict[str, deque[bool]] = {}

    async def __call__(self, stop: asyncio.Event) -> None:
        """Call until `stop`, then wait for the calls in flight and record them."""
        recorder = asyncio.create_task(self._record())
        try:
            while not stop.is_set():
                found = await self._start_due_or_pause()
                await self._wait(stop, LONGEST_LINGER if found else self._idle)
            if self._calls:
                await asyncio.wait(self._calls, timeout=self._commands.timeout + 1)
            await self._results.join()
        finally:
            for task in (recorder, *self._calls):
                task.cancel()

    async def _start_due_or_pause(self) -> bool:
        try:
            return await self._start_due()
        except Exception as error:
            if not is_transient(error):
                raise
            # Calls in flight go on: the sender must stay to record their answers.
            log.warning("claim failed", error_type=type(error).__name__)
            await asyncio.sleep(DATABASE_PAUSE)
            return False

    async def _start_due(self) -> bool:
        self._commands.due.clear()
        claimed_at = monotonic()  # leases begin inside the statement, so count from before it
        busy = {queue: slots.busy for queue, slots in self._slots.items()}
        claims = await self._commands.claim(busy)
        for claimed in claims:
            slot = self._slots_of(claimed.queue_id).acquire()
            call = asyncio.create_task(self._call(claimed, claimed_at, slot))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)
        return bool(claims)

    async def _wait(self, stop: asyncio.Event, seconds: float) -> None:
        """Wait until more may be due: a call has ended, this process has committed, or the time is over."""
        await wait_for_work(stop, self._commands.due, seconds)
        await self._linger()

    async def _linger(self) -> None:
        if self._calls:
            await asyncio.sleep(min(len(self._calls) * LINGER, LONGEST_LINGER))

    async def _call(self, claimed: Claim[D], claimed_at: float, slot: int) -> None:
        answered = False
        try:
            if monotonic() - claimed_at > self._max_start_delay:
                # The process stalled: the lease may expire before the answer. Return the claim, nothing was sent.
                self._results.put_nowait(Result(claimed, Outcome(Verdict.LATER, CLAIMED_TOO_SLOWLY)))
                return
            answer = await self._commands.call(claimed)
            faultpoints.reach("sender.sent")
            jitter = random.random()  # noqa: S311 - spreads retries, guards nothing
            outcome = judge(
                answer,
                doubtful=claimed.doubtful,
                repeats=claimed.policy.repeats,
                tries=claimed.number,
                jitter=jitter,
            )
            answered = outcome.verdict not in _UNANSWERED
            self._tries.labels(claimed.policy.kind, outcome.verdict).inc()
            self._results.put_nowait(Result(claimed, outcome, self._is_unhealthy(claimed.account, outcome)))
        finally:
            self._slots_of(claimed.queue_id).release(slot, answered=answered)
            self._commands.due.set()

    def _slots_of(self, queue_id: UUID) -> SendSlots:
        return self._slots.setdefault(queue_id, SendSlots(self._commands.slots))

    def _is_unhealthy(self, account: str, outcome: Outcome) -> bool:
        """Return whether to throttle an unhealthy account."""
        recent = self._recent.setdefault(account, deque(maxlen=RECENT))
        recent.append(outcome.verdict in _DOUBTS)
        return recent[-1] and sum(recent) > RECENT / 2

    async def _record(self) -> None:
        while True:
            batch = [await self._results.get()]
            await self._linger()
            while len(batch) < MAX_BATCH and not self._results.empty():
                batch.append(self._results.get_nowait())
            try:
                await self._record_batch(batch)
            finally:
                for _ in batch:
                    self._results.task_done()

    async def _record_batch(self, batch: Sequence[Result[D]]) -> None:
        """Record results, with retries; a result that the database refuses is left to its lease."""
        while True:
            try:
                await self._commands.record(batch)
            except Exception as error:
                if is_transient(error):
                    await asyncio.sleep(DATABASE_PAUSE)
                    continue
                log.exception("recording answers failed", count=len(batch), error_type=type(error).__name__)
                if len(batch) > 1:
                    for result in batch:
                        await self._record_batch([result])
            return
