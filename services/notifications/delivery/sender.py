"""The sender: claims attempts, calls the provider several at a time, records answers many at a time.

An attempt is `sending` in the database before the first byte leaves. Whoever finds it so after the end of its
lease offers the same key again while the provider remembers it, and never afterwards.
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
from services.notifications.delivery.slots import Window
from services.notifications.delivery.store import Claim, Halted, Limits, Result, claim, record

IDLE = 0.25  # seconds between looks at an empty table
GATHER = 0.003  # seconds that finished calls wait for company, so that slots are refilled together
MOST_PER_RECORD = 200
RECENT = 16  # answers by which an account's health is told
DATABASE_PAUSE = 0.2  # seconds before the database is asked again after an error
_UNANSWERED = (Verdict.DOUBT, Verdict.LATER)

log = get_logger(__name__)


class Sender:
    """A loop of the worker."""

    __name__ = "sender"

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._limits = Limits(ctx.settings.send_concurrency, ctx.settings.lease, ctx.settings.repeat)
        self._patience = ctx.settings.send_lease - ctx.settings.send_timeout
        self._windows: dict[UUID, Window] = {}
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
        """Send until `stop`; then let the running calls end and record them."""
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
            # The calls under way go on: their answers must find a sender that records them.
            log.warning("no attempts claimed", error_type=type(error).__name__)
            await asyncio.sleep(DATABASE_PAUSE)
            return False

    async def _start_due(self) -> bool:
        self._ctx.due.clear()
        now = self._ctx.core.clock.now()
        claimed_at = monotonic()  # leases begin inside the statement, so count from before it
        places = {channel: window.taken for channel, window in self._windows.items()}
        claims = await claim(self._ctx.core.db, places, self._limits, now)
        for taken in claims:
            begun = self._window(taken.channel_id).begin()
            call = asyncio.create_task(self._call(taken, claimed_at, begun))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)
        return bool(claims)

    async def _wait(self, stop: asyncio.Event) -> None:
        waits = {asyncio.ensure_future(stop.wait()), asyncio.ensure_future(self._ctx.due.wait())}
        await asyncio.wait(waits, timeout=IDLE, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        await asyncio.sleep(GATHER)

    async def _call(self, taken: Claim, claimed_at: float, begun: int) -> None:
        answered = False
        try:
            if monotonic() - claimed_at > self._patience:
                # A stalled process: the lease may be over before the answer. Nothing left, so it is handed back.
                self._results.put_nowait(Result(taken, Outcome(Verdict.LATER, "claimed_too_slowly")))
                return
            attributes = {"message.id": str(taken.message_id), "messaging.system": taken.provider}
            with self._ctx.core.tracing.span(taken.traceparent, "wazzup send", attributes, SpanKind.CLIENT) as span:
                answer = await self._ctx.wazzup.send(taken.letter, span.traceparent)
            faultpoints.reach("sender.sent")
            jitter = random.random()  # noqa: S311 - spreads retries, guards nothing
            outcome = judge(answer, doubtful=taken.doubtful, tries=taken.number, jitter=jitter)
            answered = outcome.verdict not in _UNANSWERED
            self._tries.labels(taken.provider, outcome.verdict).inc()
            self._results.put_nowait(Result(taken, outcome, self._ails(taken.account, outcome)))
        finally:
            self._window(taken.channel_id).end(begun, answered=answered)
            self._ctx.due.set()

    def _window(self, channel_id: UUID) -> Window:
        return self._windows.setdefault(channel_id, Window(self._ctx.settings.send_concurrency))

    def _ails(self, account: str, outcome: Outcome) -> bool:
        """Tell whether to spare an ill provider: each message that it does not answer may end as unknown."""
        recent = self._recent.setdefault(account, deque(maxlen=RECENT))
        recent.append(outcome.verdict is Verdict.DOUBT)
        return recent[-1] and sum(recent) > RECENT / 2

    async def _record(self) -> None:
        while True:
            batch = [await self._results.get()]
            while len(batch) < MOST_PER_RECORD and not self._results.empty():
                batch.append(self._results.get_nowait())
            try:
                await self._record_batch(batch)
            finally:
                for _ in batch:
                    self._results.task_done()

    async def _record_batch(self, batch: Sequence[Result]) -> None:
        """Record until the database takes it; a row that it never takes is left to its lease, alone."""
        while True:
            try:
                settings, core = self._ctx.settings, self._ctx.core
                self.alert(await record(core.db, batch, settings.hope, core.clock.now()))
            except Exception as error:
                if is_transient(error):
                    await asyncio.sleep(DATABASE_PAUSE)
                    continue
                log.exception("answers not recorded", count=len(batch), error_type=type(error).__name__)
                if len(batch) > 1:
                    for result in batch:
                        await self._record_batch([result])
            return

    def alert(self, halted: Sequence[Halted]) -> None:
        """Tell people that channels need them."""
        for channel in halted:
            self.halts.labels(channel.desk, channel.code).inc()
            log.error("channel halted", desk=channel.desk, channel=channel.code, reason=channel.reason)
