"""The worker process of a service."""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial

from prometheus_client import Counter

from libs.common.contracts import EventData, routes, topic_name
from libs.common.messaging.bus import Bus
from libs.common.messaging.bus.kafka import KafkaBus
from libs.common.messaging.deadletters.replay import Replayer
from libs.common.messaging.inbox import Subscriptions
from libs.common.messaging.inbox.apply import Applier
from libs.common.messaging.inbox.consumer import ConsumerLoop
from libs.common.messaging.inbox.consumer_metrics import ConsumerMetrics
from libs.common.messaging.inbox.incoming import Reader, heeds_all
from libs.common.messaging.inbox.intervals import USUAL, ConsumerIntervals
from libs.common.messaging.inbox.partitions import keep_inbox
from libs.common.messaging.outbox.hint import Hint, hinting
from libs.common.messaging.outbox.relay import Relay
from libs.common.messaging.outbox.relay_metrics import RelayMetrics
from libs.common.platform.core import Core
from libs.common.platform.http.idempotency import keep_idempotency
from libs.common.platform.telemetry.logs import get_logger
from libs.common.platform.worker.health import health_server
from libs.common.platform.worker.supervise import Loop, supervise

FINISH_SECONDS = 8.0  # seconds for the current batch and the loops
FLUSH_SECONDS = 5.0  # seconds to drain the outbox afterwards
RELAY_LATE = 30.0  # seconds that an event may wait before the worker is not ready
DATABASE_LATE = 30.0  # seconds since the database last answered

log = get_logger(__name__)


class Worker:
    """Relay, consumer, the service's loops, maintenance and health: one process, one stop event."""

    def __init__(
        self,
        core: Core,
        *,
        topics: Sequence[str],
        subscriptions: Subscriptions,
        loops: Sequence[Loop] = (),
        consuming: ConsumerIntervals = USUAL,
        heeds: Callable[[EventData], bool] = heeds_all,
        bus: Bus | None = None,
    ) -> None:
        settings = core.settings
        self._core = core
        bus = bus or KafkaBus(settings.kafka_bootstrap, settings.topic_partitions)
        self._outbox = RelayMetrics(core.metrics)
        own, prefix = topic_name(core.service, settings.topic_prefix), settings.topic_prefix
        self._relay = Relay(core.db.config, bus, own, self._outbox, routes=routes(core.service, prefix))
        metrics, reader = ConsumerMetrics(core.metrics), Reader(subscriptions, heeds=heeds)
        applier = Applier(core.db, core.tracing, subscriptions, metrics)
        self._consumer = ConsumerLoop(
            bus,
            group=own,
            topics=[topic_name(topic, prefix) for topic in topics],
            instance=settings.instance,
            reader=reader,
            applier=applier,
            metrics=metrics,
            intervals=consuming,
        )
        self._replayer = Replayer(core.db, reader, applier, metrics)
        self._loops = loops
        self._crashes = Counter("worker_loop_crashes", "loops started again", ["loop"], registry=core.metrics)

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop`; then finish the batch, drain the outbox and close, within 15 s.

        A named member keeps its place in the group, so that a restart causes no rebalance.

        Raises OSError when the health port is taken.
        """
        settings = self._core.settings
        relay_stop = asyncio.Event()
        health = health_server(settings.host, settings.worker_port, self.faults, self._core.metrics)
        async with health, hinting(self._core.db) as hint:
            self._core.db.wake_relay = partial(self._wake_relay, hint)
            taking = [self._start(loop, stop) for loop in self._taking()]
            relaying = [self._start(self._relay.run, relay_stop)]
            try:
                await stop.wait()
                log.info("worker stopping")
                await _finish(taking, FINISH_SECONDS)
                relay_stop.set()
                await _finish(relaying, FLUSH_SECONDS)
            finally:
                await _finish([*taking, *relaying], 0)

    def _wake_relay(self, hint: Hint) -> None:
        """Wake the relay that leads: ours in memory, another process's by a hint."""
        if self._relay.leads:
            self._relay.wake()
        else:
            hint()

    def faults(self) -> Mapping[str, str]:
        """Return the reasons why the worker is not ready, by part."""
        faults: dict[str, str] = {}
        if fault := self._consumer.fault:
            faults["consumer"] = fault
        if (silent := time.monotonic() - self._outbox.looked_at) > DATABASE_LATE:
            faults["database"] = f"no answer for {silent:.0f} s"
        if self._outbox.oldest_seconds > RELAY_LATE:
            faults["relay"] = f"the oldest event has waited {self._outbox.oldest_seconds:.0f} s"
        return faults

    def _taking(self) -> Sequence[Loop]:
        return [
            _named("consumer", self._consumer.run),
            _named("replay", self._replayer.run),
            _named("inbox", partial(keep_inbox, self._core.db)),
            _named("idempotency", partial(keep_idempotency, self._core.db)),
            _named("outbox", partial(self._outbox.watch, self._core.db)),
            *self._loops,
        ]

    def _start(self, loop: Loop, stop: asyncio.Event) -> "asyncio.Task[None]":
        return asyncio.create_task(supervise(loop, stop, self._crashes))


def _named(name: str, loop: Loop) -> Loop:
    async def run(stop: asyncio.Event) -> None:
        await loop(stop)

    run.__name__ = name
    return run


async def _finish(tasks: Collection["asyncio.Task[None]"], seconds: float) -> None:
    """Wait for the tasks, then cancel the unfinished ones."""
    if not (left := {task for task in tasks if not task.done()}):
        return
    if seconds:
        _, left = await asyncio.wait(left, timeout=seconds)
    for task in left:
        task.cancel()
    if left:
        _, stuck = await asyncio.wait(left, timeout=1)
        log.warning("loops cancelled at stop", count=len(left), stuck=len(stuck))
