"""Runs the frozen bare chain: three processes, their tables and topics."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import asyncpg

from libs.common.messaging.bus.topics import create_topics
from libs.common.testkit.database import empty_database
from tests.bench import bare_chain
from tests.bench.cpu import CpuMeter
from tests.bench.figures import Count
from tests.bench.observer import Observer, observing
from tests.bench.servers import Servers, count

# How often a lead leaves an effect: tasks has it twice, as lead and as proposal.
EFFECTS = {"tasks": 2, "assignment": 1}
READY_SECONDS = 2.0  # until the groups have their partitions; the warm-up waits for the rest


@dataclass
class BareSide:
    """The chain as it runs; see `spine.Side`."""

    servers: Servers
    pool: asyncpg.Pool[asyncpg.Record]
    observer: Observer
    pids: Mapping[str, int]
    sent: list[int]

    async def send(self, leads: int, rate: float) -> Mapping[str, float]:
        self.sent.append(leads)
        return await bare_chain.feed(self.pool, leads, rate)

    def meter(self) -> CpuMeter:
        postgres, kafka = self.servers.pids()
        return CpuMeter({**self.pids, "kafka": kafka, "feed and observer": os.getpid()}, postgres)


@dataclass
class BareChain:
    """Started and stopped as often as needed on one database; see `chain.Chain`."""

    servers: Servers
    prefix: str
    url: str
    sent: list[int] = field(default_factory=list)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[BareSide]:
        bootstrap = self.servers.kafka.url
        arguments = [sys.executable, "-m", "tests.bench.bare_chain", self.url, bootstrap, self.prefix]
        processes = {
            name: await asyncio.create_subprocess_exec(*arguments, name, start_new_session=True)
            for name in bare_chain.SERVICES
        }
        pids = {f"bare {name}": process.pid for name, process in processes.items()}
        try:
            await asyncio.sleep(READY_SECONDS)
            async with (
                asyncpg.create_pool(self.url, min_size=1, max_size=2) as pool,
                observing(bootstrap, f"{self.prefix}.bare.tasks", "assigned") as observer,
            ):
                yield BareSide(self.servers, pool, observer, pids, self.sent)
        finally:
            for process in processes.values():
                process.send_signal(signal.SIGTERM)
            await asyncio.gather(*(process.wait() for process in processes.values()))

    async def counts(self) -> Sequence[Count]:
        leads = sum(self.sent)
        return [
            Count(
                f"bare chain: effects in {name}",
                leads * times,
                await count(self.url, f"SELECT count(*) FROM bare_{name}.effect"),
            )
            for name, times in EFFECTS.items()
        ]


@asynccontextmanager
async def bare_chain_on(servers: Servers, prefix: str) -> AsyncIterator[BareChain]:
    """Make the tables and topics of a chain."""
    prefix = servers.unused(prefix)
    topics = [f"{prefix}.bare.{name}" for name in bare_chain.SERVICES]
    await create_topics(servers.kafka.url, topics, bare_chain.PARTITIONS)
    async with empty_database(servers.postgres.url) as url:
        conn = await asyncpg.connect(url)
        for name in bare_chain.SERVICES:
            await conn.execute(bare_chain.TABLES.format(name))
        await conn.close()
        yield BareChain(servers, prefix, url)
