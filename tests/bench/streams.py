"""What open streams take: memory of each, CPU while nothing happens, CPU of an event that is read by all."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import cast

from tests.bench.client import post_orders
from tests.bench.desk import DESK, OPERATORS
from tests.bench.figures import Count, Goal, Part, Table
from tests.bench.idle import resident
from tests.bench.product import Product, meter_of, product_on
from tests.bench.servers import Servers

PATIENCE = 60.0  # seconds until all streams have all events
SETTLED = 2.0
FIRST = 20  # streams that are opened and closed before: what is made once is made then
HOW = (
    "{streams:,} streams at one process of each API: boards of a supervisor at tasks, feeds of {operators}"
    " operators at notifications. Memory is the process's with them less that without; what the kernel keeps for"
    " sockets is not counted. Then nothing happens for {seconds:.0f} s, then {leads} leads are opened and assigned:"
    " two events for each board, one for each feed of the operator. CPU is that of the API's process, over the"
    " events that all streams were sent, JSON and socket included; the time is that from the last webhook."
)


class Reader(asyncio.Protocol):
    """One stream; counts its events."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self.events = 0
        self.begun = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is not a subclass
        self._transport.write(self._request)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        self.events += sum(line.startswith(b"event: task_") for line in lines)
        self.begun = self.begun or any(line.startswith(b"id: ") for line in lines)


@dataclass(frozen=True, slots=True)
class Figures:
    """What the streams of one API took: kilobytes each, percent of a core, microseconds an event, milliseconds."""

    service: str
    memory: float
    idle: float
    event: float
    slowest: float


async def measure(servers: Servers, *, streams: int, leads: int, seconds: float) -> Part:
    """Open the streams of one API after the other, and let things happen."""
    found, counts = [], []
    async with product_on(servers, "streams") as product, product.working():
        for service, events in (("tasks", 2 * leads * streams), ("notifications", leads * streams // OPERATORS)):
            figures, sent = await _streams(servers, product, service, streams, leads, seconds, events)
            found.append(figures)
            counts.append(Count(f"events of {service} that were read", events, sent))
    head = (
        "API",
        "KB a stream",
        "idle, % of a core",
        "CPU µs an event and stream",
        "last webhook to last stream, ms",
    )
    rows = [
        (one.service, f"{one.memory:.0f}", f"{one.idle:.1f}", f"{one.event:.0f}", f"{one.slowest:.0f}")
        for one in found
    ]
    goals = [Goal("memory of a stream", max(one.memory for one in found), 100.0, "KB", at_most=True)]
    how = HOW.format(streams=streams, operators=OPERATORS, seconds=seconds, leads=leads)
    return Part("Streams", how, [Table(head, rows)], goals, counts)


async def _streams(
    servers: Servers, product: Product, service: str, streams: int, leads: int, seconds: float, events: int
) -> tuple[Figures, int]:
    pid = product.stack.children.pids()[f"{service}-api"]
    async with _opened(product, service, FIRST):
        await asyncio.sleep(SETTLED)
    before = resident(pid)
    async with _opened(product, service, streams) as readers:
        await asyncio.sleep(SETTLED)
        memory = (resident(pid) - before) * 1000 / streams
        meter = meter_of(servers, product.stack)
        await asyncio.sleep(seconds)
        idle = meter.lap().get(f"{service}-api", 0.0)
        began = time.monotonic()
        assert product.target is not None
        await post_orders(product.target, f"streams-{service}", leads, float("inf"))
        posted = time.monotonic()
        while (sent := sum(reader.events for reader in readers)) < events and time.monotonic() - began < PATIENCE:
            await asyncio.sleep(0.02)
        slowest = (time.monotonic() - posted) * 1000
        await asyncio.sleep(SETTLED)
        spent = meter.lap().get(f"{service}-api", 0.0)
    return Figures(service, memory, 100 * idle / seconds, spent / max(1, sent) * 1e6, slowest), sent


@asynccontextmanager
async def _opened(product: Product, service: str, count: int) -> AsyncIterator[Sequence[Reader]]:
    """Open streams of supervisors, or of the desk's operators in turn, for the block."""
    loop, port = asyncio.get_running_loop(), product.stack.ports[f"{service}-api"]
    readers = [Reader(_request(product, service, number)) for number in range(count)]
    try:
        for reader in readers:
            await loop.create_connection(partial(_itself, reader), "127.0.0.1", port)
        async with asyncio.timeout(PATIENCE):
            while not all(reader.begun for reader in readers):
                await asyncio.sleep(0.05)
        yield readers
    finally:
        for reader in readers:
            reader.close()


def _itself(reader: Reader) -> Reader:
    return reader


def _request(product: Product, service: str, number: int) -> bytes:
    issuer = product.stack.issuer
    if service == "tasks":
        token = issuer.token("boss", ["supervisor"], [DESK])
    else:
        token = issuer.token(f"bench-{number % OPERATORS}", ["operator"], [DESK])
    lines = (f"GET /{service}/v1/stream HTTP/1.1", "Host: bench", f"Authorization: Bearer {token}", "", "")
    return "\r\n".join(lines).encode()
