"""Runs a peer: its processes in the environment that has their libraries, and what sees its leads arrive."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import asyncpg

from deploy.local.ports import free_port
from libs.common.messaging.bus.topics import PARTITIONS, create_topics
from libs.common.platform.health import healthy
from libs.common.testkit.database import empty_database
from tests.bench.client import Target, post_orders
from tests.bench.cpu import CpuMeter
from tests.bench.figures import Count
from tests.bench.observer import Observer
from tests.bench.peers.model import create_tables, engine_of
from tests.bench.servers import Servers, count

ACCEPTED = 202
READY_SECONDS = 30.0
LOOK = 0.01  # seconds between two looks at the messages
OVERLAP = 100  # ids looked at again: transactions do not commit in the order of their ids
NEW = "SELECT id, lead_id FROM message WHERE id > $1 ORDER BY id"
COUNTS = {
    "leads": "SELECT count(*) FROM lead",
    "tasks with an operator": "SELECT count(*) FROM task WHERE operator_id IS NOT NULL",
    "messages requested": "SELECT count(*) FROM message",
}


@dataclass(frozen=True, slots=True)
class Peer:
    """What a user would pick instead. `first` is run to its end before the processes start."""

    name: str
    module: str
    processes: Sequence[str]
    lacks: str
    first: Sequence[str] = ()
    topics: Sequence[str] = ()


USUAL = Peer(
    "FastAPI, SQLAlchemy, FastStream",
    "usual",
    ("api", "tasks", "assignment", "notifications"),
    "an event is published after the commit, so a process that dies between the two loses it, and one that dies"
    " after it was fetched loses it too; repeats are not recognised; order per lead holds only while every message"
    " has its key; why an operator was chosen is not kept",
    topics=("received", "opened", "given"),
)
WORKFLOW = Peer(
    "DBOS workflow",
    "workflow",
    ("api",),
    "steps are exactly once on its PostgreSQL, and nothing leaves it for other services; two events of one lead are"
    " two workflows without an order; it keeps which step gave what, not why an operator was chosen",
)
QUEUE = Peer(
    "procrastinate jobs",
    "queue",
    ("api", "worker"),
    "a job whose worker died is run again, and only its effect can say that it was there already; jobs of one lead"
    " have an order only by a lock; why an operator was chosen is not kept",
    first=("prepare",),
)
PEERS = (USUAL, WORKFLOW, QUEUE)


@dataclass
class PeerSide:
    """A peer as it runs; see `spine.Side`."""

    servers: Servers
    target: Target
    observer: Observer
    pids: Mapping[str, int]
    url: str
    sent: list[int] = field(default_factory=list)

    async def send(self, leads: int, rate: float) -> Mapping[str, float]:
        posted = await post_orders(self.target, uuid4().hex[:12], leads, rate)
        if posted.statuses != {ACCEPTED: leads}:
            raise RuntimeError(f"not all {leads} orders were accepted: {posted.statuses}")
        self.sent.append(leads)
        return posted.due

    def meter(self) -> CpuMeter:
        postgres, kafka = self.servers.pids()
        return CpuMeter({**self.pids, "kafka": kafka, "load and observer": os.getpid()}, postgres)

    async def counts(self, name: str) -> Sequence[Count]:
        leads = sum(self.sent)
        return [Count(f"{name}: {what}", leads, await count(self.url, query)) for what, query in COUNTS.items()]


@asynccontextmanager
async def peer_on(servers: Servers, python: Path, peer: Peer) -> AsyncIterator[PeerSide]:
    """Run a peer on a database and topics of its own, with `python` of the environment that has its libraries.

    Its processes end with this one, and collect garbage as rarely as ours.
    """
    prefix, port = servers.unused(peer.module), free_port()
    await create_topics(servers.kafka.url, [f"{prefix}.{topic}" for topic in peer.topics], PARTITIONS)
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(empty_database(servers.postgres.url))
        await _prepare(url)

        async def start(service: str) -> asyncio.subprocess.Process:
            arguments = (service, url, servers.kafka.url, prefix, str(port))
            module = f"tests.bench.peers.{peer.module}"
            return await asyncio.create_subprocess_exec(
                python, "-m", "deploy.local.child", module, *arguments,
                stdin=asyncio.subprocess.PIPE, start_new_session=True,
            )  # fmt: skip

        for service in peer.first:
            if await (await start(service)).wait():
                raise RuntimeError(f"{peer.name}: {service} failed")
        pids: dict[str, int] = {}
        for service in peer.processes:
            process = await start(service)
            stack.push_async_callback(_end, process)
            pids[f"{peer.module} {service}"] = process.pid
        await _until_ready(peer, port)
        observer = await stack.enter_async_context(watching(url))
        yield PeerSide(servers, Target(port, "/orders"), observer, pids, url)


@asynccontextmanager
async def watching(url: str) -> AsyncIterator[Observer]:
    """See each lead when its message can be read."""
    conn, observer = await asyncpg.connect(url), Observer()
    watch = asyncio.create_task(_watch(conn, observer))
    try:
        yield observer
    finally:
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)
        await conn.close()


async def _watch(conn: asyncpg.Connection[asyncpg.Record], observer: Observer) -> None:
    last, moved = 0, time.perf_counter()
    while True:
        await asyncio.sleep(LOOK)
        quiet = time.perf_counter() - moved > 1
        rows = await conn.fetch(NEW, 0 if quiet else last - OVERLAP)
        now = time.perf_counter()
        if rows and (quiet or rows[-1]["id"] > last):
            last, moved = rows[-1]["id"], now
        observer.note((f"lead:{row['lead_id']}" for row in rows), now)


async def _prepare(url: str) -> None:
    engine = engine_of(url, "asyncpg")
    await create_tables(engine)
    await engine.dispose()


async def _until_ready(peer: Peer, port: int) -> None:
    async with asyncio.timeout(READY_SECONDS):
        while not await asyncio.to_thread(healthy, f"http://127.0.0.1:{port}/openapi.json"):
            await asyncio.sleep(0.1)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), 15)
    except TimeoutError:
        process.kill()
        await process.wait()
