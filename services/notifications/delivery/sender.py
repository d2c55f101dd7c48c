"""The sender: claims attempts, calls the provider several at a time, records answers many at a time.

An attempt is `sending` in the database before the first byte leaves. When its lease has expired, a worker repeats
the call with the same key while the provider remembers it, and never afterwards.
"""

import asyncio
import random
from collections import deque
from collections.abc import Sequence
from time import monotonic
from uuid import UUID

from opentelemetry.trace import SpanKind
from prometheus_client import Counter

from libs.common.platform import faultpoints
from libs.common.platform.db.errors import is_transient
from libs.common.platform.telemetry.logs import get_logger
from services.notifications.context import Context
from services.notifications.delivery.rules import Outcome, Verdict, judge
from services.notifications.delivery.slots import SendSlots
from services.notifications.delivery.store import Claim, Halted, Limits, Result, claim, record

IDLE = 0.25  # seconds between polls of an empty table
LINGER = 0.003  # seconds to wait for more finished calls, so that one claim fills their slots together
MAX_BATCH = 200
RECENT = 16  # calls by which an account's health is judged
DATABASE_PAUSE = 0.2  # seconds before a retry after a database error
_UNANSWERED = (Verdict.DOUBT, Verdict.LATER)

log = get_logger(__name__)


class Sender:
    """A loop of the worker."""

    __name__ = "sender"

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._limits = Limits(ctx.settings.send_concurrency, ctx.settings.lease, ctx.settings.repeat)
        self._max_start_delay = ctx.settings.send_lease - ctx.settings.send_timeout
        self._slots: dict[UUID, SendSlots] = {}
        self._calls: set[asyncio.Task[None]] = set()
        self._results: asyncio.Queue[Result] = asyncio.Queue()
        self._recent: dict[str, deque[bool]] = {}
        registry = ctx.core.metrics
        self._tries = Counter(
            "message_tries", "Calls to providers by verdict", ["provider", "verdict"], registry=registry
        )
        self.halts = Counter(
            "channel_halts", "Channels that a provider stopped", ["desk", "channel"], registry=registry
        )

    async def __call__(self, stop: asyncio.Event) -> None:
        """Send until `stop`, then wait for the calls in flight and record them."""
        recorder = asyncio.create_task(self._record())
        try:
            while not stop.is_set():
                if not await self._start_due_or_pause():
                    await self._wait(stop)
            if self._calls:
                await asyncio.wait(self._calls, timeout=self._ctx.settings.send_timeout + 1)
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
        self._ctx.due.clear()
        now = self._ctx.core.clock.now()
        claimed_at = monotonic()  # leases begin inside the statement, so count from before it
        busy = {channel: slots.busy for channel, slots in self._slots.items()}
        claims = await claim(self._ctx.core.db, busy, self._limits, now)
        for claimed in claims:
            slot = self._slots_of(claimed.channel_id).acquire()
            call = asyncio.create_task(self._call(claimed, claimed_at, slot))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)
        return bool(claims)

    async def _wait(self, stop: asyncio.Event) -> None:
        waits = {asyncio.ensure_future(stop.wait()), asyncio.ensure_future(self._ctx.due.wait())}
        await asyncio.wait(waits, timeout=IDLE, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        await asyncio.sleep(LINGER)

    async def _call(self, claimed: Claim, claimed_at: float, slot: int) -> None:
        answered = False
        try:
            if monotonic() - claimed_at > self._max_start_delay:
                # The process stalled: the lease may expire before the answer. Return the claim, nothing was sent.
                self._results.put_nowait(Result(claimed, Outcome(Verdict.LATER, "claimed_too_slowly")))
                return
            attributes = {"message.id": str(claimed.message_id), "messaging.system": claimed.provider}
            with self._ctx.core.tracing.span(
                claimed.traceparent, "wazzup send", attributes, SpanKind.CLIENT
            ) as span:
                answer = await self._ctx.wazzup.send(claimed.message, span.traceparent)
            faultpoints.reach("sender.sent")
            jitter = random.random()  # noqa: S311 - spreads retries, guards nothing
            outcome = judge(answer, doubtful=claimed.doubtful, tries=claimed.number, jitter=jitter)
            answered = outcome.verdict not in _UNANSWERED
            self._tries.labels(claimed.provider, outcome.verdict).inc()
            self._results.put_nowait(Result(claimed, outcome, self._is_unhealthy(claimed.account, outcome)))
        finally:
            self._slots_of(claimed.channel_id).release(slot, answered=answered)
            self._ctx.due.set()

    def _slots_of(self, channel_id: UUID) -> SendSlots:
        return self._slots.setdefault(channel_id, SendSlots(self._ctx.settings.send_concurrency))

    def _is_unhealthy(self, account: str, outcome: Outcome) -> bool:
        """Return whether to throttle an unhealthy account."""
        recent = self._recent.setdefault(account, deque(maxlen=RECENT))
        recent.append(outcome.verdict is Verdict.DOUBT)
        return recent[-1] and sum(recent) > RECENT / 2

    async def _record(self) -> None:
        while True:
            batch = [await self._results.get()]
            while len(batch) < MAX_BATCH and not self._results.empty():
                batch.append(self._results.get_nowait())
            try:
                await self._record_batch(batch)
            finally:
                for _ in batch:
                    self._results.task_done()

    async def _record_batch(self, batch: Sequence[Result]) -> None:
        """Record results, with retries; a result that the database refuses is left to its lease."""
        while True:
            try:
                settings, core = self._ctx.settings, self._ctx.core
                self.alert(await record(core.db, batch, settings.callback_timeout, core.clock.now()))
            except Exception as error:
                if is_transient(error):
                    await asyncio.sleep(DATABASE_PAUSE)
                    continue
                log.exception("recording answers failed", count=len(batch), error_type=type(error).__name__)
                if len(batch) > 1:
                    for result in batch:
                        await self._record_batch([result])
            return

    def alert(self, halted: Sequence[Halted]) -> None:
        """Count and log channels that a person must look at."""
        for channel in halted:
            self.halts.labels(channel.desk, channel.code).inc()
            log.error("channel halted", desk=channel.desk, channel=channel.code, reason=channel.reason)
