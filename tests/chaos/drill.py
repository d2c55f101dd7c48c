"""Kill processes under load, wait until everything is back, and hold the product to its promises."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from deploy.local.kafka import EmbeddedKafka
from deploy.local.postgres import EmbeddedPostgres
from libs.common.testing.database import database_copy, template_database
from tests.harness.desk import Customers, facts_of, make_room
from tests.harness.facts import Facts
from tests.harness.stack import ProcessStack, process_stack

ORDERS_PER_SECOND = 12
#: Where a process's first life ends by its own hand: after the commit and before the answer, after the ack and
#: before the delete, after the effect and before the offset, after the send and before its record, with timers
#: claimed.
POINTS: Mapping[str, str] = MappingProxyType(
    {
        "intake-api": "intake.committed:40",
        "intake-worker": "relay.acked:12",
        "tasks-worker": "timers.claimed:2",
        "assignment-worker": "consumer.applied:25",
        "notifications-worker": "sender.sent:30",
    }
)
PROCESSES = tuple(
    f"{service}-{part}"
    for service in ("intake", "tasks", "assignment", "notifications")
    for part in ("api", "worker")
)
TARGETS = (*PROCESSES, "kafka", "postgres")


@dataclass
class Drill:
    """A stack on servers of its own, and a seeded source of chance."""

    stack: ProcessStack
    postgres: EmbeddedPostgres
    kafka: EmbeddedKafka
    chance: random.Random
    killed: list[str] = field(default_factory=list)

    async def run(self, targets: tuple[str, ...]) -> Facts:
        """Kill each target once under load, then stop the load, settle and gather."""
        desk = await self.stack.start()
        await make_room(self.stack)
        customers = Customers(self.stack.client, desk, "drill")
        stop = asyncio.Event()
        load = asyncio.create_task(customers.keep_posting(ORDERS_PER_SECOND, stop))
        try:
            for target in targets:
                await asyncio.sleep(self.chance.uniform(0.3, 1.0))
                await self._kill(target)
        finally:
            stop.set()
            await load
        await self.stack.until_ready(*PROCESSES)
        if twice := customers.answered_twice():
            raise AssertionError(f"two leads for one order: {twice}")
        return await facts_of(self.stack, customers.lead_ids())

    async def _kill(self, target: str) -> None:
        self.killed.append(target)
        if target in PROCESSES:
            await self.stack.until_ready(target)
            self.stack.kill(target)
            await asyncio.sleep(0.2)
            await self.stack.until_ready(target)
            return
        server = self.kafka if target == "kafka" else self.postgres
        await asyncio.to_thread(server.kill)
        await asyncio.sleep(self.chance.uniform(0.1, 1.0))
        await asyncio.to_thread(server.start)


@asynccontextmanager
async def drill(folder: Path, seed: int, points: Mapping[str, str] = POINTS) -> AsyncIterator[Drill]:
    """Start servers that may be killed, and prepare a stack on them."""
    postgres, kafka = EmbeddedPostgres(folder / "postgres"), EmbeddedKafka(folder / "kafka")
    try:
        await asyncio.gather(asyncio.to_thread(postgres.start), asyncio.to_thread(kafka.start))
        async with template_database(postgres.url) as template, database_copy(postgres.url, template) as database:
            once = {name: {"DOZVON_CRASH_AT": point} for name, point in points.items()}
            home = folder / "home"
            home.mkdir()
            stack = ProcessStack(home, database, kafka.url, f"chaos-{seed}", once=once)
            async with process_stack(stack):
                yield Drill(stack, postgres, kafka, random.Random(seed))  # noqa: S311 - a repeatable drill
    finally:
        postgres.stop()
        kafka.stop()
