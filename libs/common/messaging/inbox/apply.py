"""Applies events: inbox, effects and outbox in one transaction, for a batch or for one event; or parks it."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, TypeAlias

from libs.common.contracts import EventData, Received
from libs.common.messaging.inbox.consumer_metrics import ConsumerMetrics
from libs.common.messaging.inbox.errors import Unready
from libs.common.messaging.inbox.grouping import grouped
from libs.common.messaging.inbox.incoming import Broken, Incoming, UnknownTypeError
from libs.common.messaging.inbox.limit import FailureLimit
from libs.common.messaging.inbox.store import claim, park, place
from libs.common.messaging.inbox.usecase import Subscriptions, UseCase
from libs.common.platform import faultpoints
from libs.common.platform.db import Database, Transaction
from libs.common.platform.db.errors import is_transient
from libs.common.platform.telemetry.context import bound
from libs.common.platform.telemetry.logs import get_logger
from libs.common.platform.telemetry.tracing import Tracing

Result: TypeAlias = Literal["applied", "repeated", "blocked", "failed", "waiting"]

log = get_logger(__name__)


class Applier:
    """Applies events by the service's use cases. Knows no bus."""

    def __init__(
        self, db: Database, tracing: Tracing, subscriptions: Subscriptions, metrics: ConsumerMetrics
    ) -> None:
        self._db, self._tracing, self._subscriptions, self._metrics = db, tracing, subscriptions, metrics
        self._limit = FailureLimit()

    async def apply(self, items: Sequence[Incoming]) -> set[int]:
        """Apply all in one transaction; return the positions of those that were new and applied.

        Events behind a parked one of their key are parked too. An error of a use case is raised, and nothing is
        changed.
        """
        loop = asyncio.get_running_loop()
        started = loop.time()
        results: list[Result] = []
        async with self._db.begin(by_key=True) as tx:
            fresh, blocked = await claim(tx, items)
            for item in items:
                if item.event_id not in fresh:
                    results.append("repeated")
                elif place(item) in blocked:
                    await park(tx, item, "blocked", None)
                    results.append("blocked")
                else:
                    results.append("applied")
                fresh.discard(item.event_id)  # the second of two in one batch is a repeat
            applied = [item for item, result in zip(items, results, strict=True) if result == "applied"]
            await self._call(tx, applied)
            await tx.commit()
        faultpoints.reach("consumer.applied")
        self._count(items, results)
        if applied:
            self._metrics.batch.observe(len(applied))
            self._metrics.seconds.observe(loop.time() - started)
            self._limit.applied(loop.time(), [item.type for item in applied])
        return {position for position, result in enumerate(results) if result == "applied"}

    async def apply_or_park(self, item: Incoming | Broken) -> bool:
        """Apply one event alone, or park it with its key; return whether it was applied.

        Raises transient errors, and TooManyFailuresError when parking has to stop.
        """
        if isinstance(item, Broken):
            await self._park(item, item.error)
            return False
        try:
            return bool(await self.apply([item]))
        except Unready as error:
            log.warning("event waits", event_type=item.type, event_id=str(item.event_id), waits_for=error.waits_for)
            await self._park(item, error)
            return False
        except Exception as error:
            if is_transient(error):
                raise
            log.exception(
                "event failed", event_type=item.type, event_id=str(item.event_id), error_type=type(error).__name__
            )
            await self._park(item, error)
            return False

    async def replay(self, tx: Transaction, item: Incoming, *, waited: bool) -> None:
        """Apply a parked event in a transaction of the caller's; its id was taken in when it was parked."""
        await self._call(tx, [replace(item, event=item.event._replace(waited=waited))])

    async def _park(self, item: Incoming | Broken, error: Exception) -> None:
        result: Result = "repeated"
        async with self._db.begin(by_key=True) as tx:
            fresh, blocked = await claim(tx, [item])
            if fresh and blocked:
                result = "blocked"
                await park(tx, item, result, None)
            elif fresh:
                result = "waiting" if isinstance(error, Unready) else "failed"
                # An unknown type comes from a newer service: no fault of this release, and no reason to stop.
                if result == "failed" and not isinstance(error, UnknownTypeError):
                    self._limit.failed(asyncio.get_running_loop().time(), item.type, item.key)
                await park(tx, item, "failed", error)
            await tx.commit()
        self._count([item], [result])

    async def _call(self, tx: Transaction, items: Sequence[Incoming]) -> None:
        triples = ((item, place(item), self._subscriptions[item.type]) for item in items)
        for use_case, group in grouped(triples):
            events: list[Received[EventData]] = [item.event for item in group]
            # One span per call, as a child of its first event's trace; an event's effects continue its own trace.
            name = f"apply {getattr(use_case, '__name__', 'event')}"
            count = {"messaging.batch.message_count": len(events)}
            with self._tracing.span(events[0].cause.traceparent, name, count):
                await _within(use_case, tx, events)

    def _count(self, items: Sequence[Incoming | Broken], results: Sequence[Result]) -> None:
        topics = (item.record.topic for item in items)
        for labels, count in Counter(zip(topics, results, strict=True)).items():
            self._metrics.event(*labels).inc(count)


async def _within(use_case: UseCase, tx: Transaction, events: Sequence[Received[EventData]]) -> None:
    if len(events) == 1:
        with bound(event_key=events[0].key, event_id=str(events[0].event_id)):
            await use_case(tx, events)
    else:
        await use_case(tx, events)
