"""Runs the product as it is shipped: eight processes, started and stopped as often as needed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from uuid import uuid4

from libs.common.contracts import Topic, topic_name
from libs.common.contracts.tasks import TaskAssigned
from libs.common.messaging.bus.topics import PARTITIONS, ensure_topics
from libs.common.testkit.database import StackDatabase
from tests.bench.client import Posted, Target, post_orders
from tests.bench.cpu import CpuMeter
from tests.bench.desk import PLAYBOOK, make_desk
from tests.bench.figures import Count
from tests.bench.observer import Observer, observing
from tests.bench.servers import Servers, count
from tests.bench.spine import BURST, Hold
from tests.support.stack import ProcessStack, process_stack

ACCEPTED = 202
COUNTS = {
    "leads": "SELECT count(*) FROM intake.lead",
    "processes": "SELECT count(*) FROM tasks.process",
    "tasks with an operator": "SELECT count(*) FROM tasks.task WHERE operator_id IS NOT NULL",
    "decisions that stand": "SELECT count(DISTINCT task_id) FROM assignment.work WHERE state = 'held'",
}
NOTHING: Mapping[str, str] = MappingProxyType({})
SETTLE_LOOKS = 40
LEFT = "SELECT (SELECT count(*) FROM intake.outbox) + (SELECT count(*) FROM tasks.outbox)"


def meter_of(servers: Servers, stack: ProcessStack) -> CpuMeter:
    """Return a meter of the stack's processes, both servers and the benchmark itself."""
    postgres, kafka = servers.pids()
    processes = {**stack.children.pids(), "kafka": kafka, "load and observer": os.getpid()}
    return CpuMeter(processes, postgres)


async def _post(stack: ProcessStack, target: Target, leads: int, rate: float) -> Posted:
    """Post orders. Raises RuntimeError when one is not accepted."""
    posted = await post_orders(target, uuid4().hex[:12], leads, rate)
    if posted.statuses != {ACCEPTED: leads}:
        raise RuntimeError(f"not all {leads} orders were accepted: {posted.statuses}; {stack.said}")
    return posted


@asynccontextmanager
async def running_processes(stack: ProcessStack, *names: str) -> AsyncIterator[None]:
    """Run these processes of the stack for the block."""
    try:
        for name in names:
            await stack.start_process(name)
        await stack.until_ready(*names)
        yield
    finally:
        await stack.halt(*names)


@dataclass
class ProductSide:
    """The product as it runs; see `spine.Side`."""

    servers: Servers
    stack: ProcessStack
    target: Target
    observer: Observer
    sent: list[int]

    async def send(self, leads: int, rate: float) -> Mapping[str, float]:
        posted = await _post(self.stack, self.target, leads, rate)
        self.sent.append(leads)
        return posted.due

    def meter(self) -> CpuMeter:
        return meter_of(self.servers, self.stack)


@dataclass
class Product:
    """The product on one database; see `chain.Chain`."""

    servers: Servers
    stack: ProcessStack
    playbook: str
    effects: Mapping[str, str]
    target: Target | None = None
    sent: list[int] = field(default_factory=list)
    copied: int = 0  # leads that are in the tables and were never sent

    @asynccontextmanager
    async def working(self) -> AsyncIterator[Target]:
        """Run all eight processes for the block, with a desk; nobody watches."""
        names = [name for name in self.stack.ports if name != "standins"]
        async with running_processes(self.stack, *names):
            if self.target is None:
                self.target = await make_desk(self.stack, self.playbook)
                await asyncio.sleep(1)  # the operators' events reach tasks
            yield self.target

    @asynccontextmanager
    async def running(self) -> AsyncIterator[ProductSide]:
        async with self.working() as target:
            observed = topic_name(Topic.TASKS, self.stack.prefix)
            async with observing(self.stack.bootstrap, observed, TaskAssigned.event_type) as observer:
                yield ProductSide(self.servers, self.stack, target, observer, self.sent)
            await self._settle()

    async def accept_alone(self, leads: int) -> Hold:
        """Post orders while nothing else of the product runs; return what they cost. Nobody assigns them."""
        assert self.target is not None
        async with running_processes(self.stack, "intake-api"):
            meter = meter_of(self.servers, self.stack)
            posted = await _post(self.stack, self.target, leads, BURST)
            return Hold(BURST, leads, posted.answered - posted.started, (), meter.lap())

    async def take(self, leads: int) -> None:
        """Post orders as fast as they are taken, and wait until all are done; nobody watches."""
        assert self.target is not None
        await _post(self.stack, self.target, leads, BURST)
        self.sent.append(leads)
        await self._settle()

    async def counts(self) -> Sequence[Count]:
        url, leads = self.stack.database.admin_url, sum(self.sent) + self.copied
        found = [Count(f"product: {what}", leads, await count(url, query)) for what, query in self.effects.items()]
        return [*found, Count("product: events left in outboxes", 0, await count(url, LEFT))]

    async def _settle(self) -> None:
        """Wait a while until the events behind `task.assigned` have arrived too."""
        for _ in range(SETTLE_LOOKS):
            if all(found.agrees for found in await self.counts()):
                return
            await asyncio.sleep(0.5)


@asynccontextmanager
async def product_on(
    servers: Servers,
    prefix: str,
    *standin: str,
    playbook: Path = PLAYBOOK,
    effects: Mapping[str, str] = NOTHING,
    database: StackDatabase | None = None,
) -> AsyncIterator[Product]:
    """Prepare a stack with a database, topics and a folder of its own; nothing runs yet.

    `effects` are queries for further rows that each lead leaves behind once. A given database stays afterwards.
    """
    prefix = servers.unused(prefix)
    home, text = servers.folder / prefix, await asyncio.to_thread(playbook.read_text)
    home.mkdir()
    async with nullcontext(database) if database else servers.database() as used:
        stack = ProcessStack(home, used, servers.kafka.url, prefix, PARTITIONS, tuple(standin))
        async with process_stack(stack):
            await ensure_topics(stack.bootstrap, prefix, PARTITIONS)
            yield Product(servers, stack, text, {**COUNTS, **effects})
