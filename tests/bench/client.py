"""A raw HTTP/1.1 client: cheap enough that the server is what is measured."""

from __future__ import annotations

import asyncio
import json
import time
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import NamedTuple, cast

import httptools

JSON_ORDER = "application/json"


class Reply(NamedTuple):
    """A whole answer."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Target:
    """Where orders go: a port of 127.0.0.1, a path, and what proves the sender."""

    port: int
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def head(self) -> bytes:
        """Return everything before the body's length."""
        lines = [f"POST {self.path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Type: {JSON_ORDER}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join([*lines, "Content-Length: "]).encode()


class Connection(asyncio.Protocol):
    """One keep-alive connection, one request at a time."""

    def __init__(self, head: bytes) -> None:
        self._head = head
        self._reply: asyncio.Future[Reply] | None = None
        self._body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is not a subclass

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, data: bytes) -> None:
        self._body += data

    def on_message_complete(self) -> None:
        if self._reply is not None and not self._reply.done():
            self._reply.set_result(Reply(self._parser.get_status_code(), self._body))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(exc or ConnectionResetError("the server closed the connection"))

    async def post(self, body: bytes, head: bytes = b"") -> Reply:
        """Send a body and return the answer; `head` is another than the connection's own.

        Raises OSError when the connection is lost.
        """
        self._parser, self._body = httptools.HttpResponseParser(self), b""
        self._reply = asyncio.get_running_loop().create_future()
        self._transport.write((head or self._head) + b"%d\r\n\r\n" % len(body) + body)
        return await self._reply

    def close(self) -> None:
        self._transport.close()


@asynccontextmanager
async def connections(target: Target, count: int) -> AsyncIterator[list[Connection]]:
    """Open connections for the block."""
    loop, head = asyncio.get_running_loop(), target.head()
    opened: list[Connection] = []
    try:
        for _ in range(count):
            _, connection = await loop.create_connection(lambda: Connection(head), "127.0.0.1", target.port)
            opened.append(connection)
        yield opened
    finally:
        for connection in opened:
            connection.close()


def order_body(external_id: str, number: int) -> bytes:
    """One landing order of 15 fields, 400 bytes; phones differ, so that customers do."""
    phone = f"+7900{zlib.crc32(external_id.encode()) % 10_000_000:07d}"
    email = f"{external_id}@example.com"
    return json.dumps(
        {
            "external_id": external_id, "name": "Anna Ivanova", "phone": phone, "email": email,
            "product": "CR-1", "title": "Cream", "quantity": 1, "price": "1990.00", "currency": "RUB",
            "utm_source": "vk", "utm_medium": "cpc", "utm_campaign": "autumn", "webmaster": "wm5", "flow": "f77",
            "page_url": f"https://landing.example/p1?n={number}",
        }
    ).encode()  # fmt: skip


@dataclass
class Posted:
    """What was posted: the moment each lead was due (`time.perf_counter`) by event key; all statuses."""

    due: dict[str, float] = field(default_factory=dict)
    statuses: dict[int, int] = field(default_factory=dict)
    started: float = 0.0
    answered: float = 0.0


async def post_orders(target: Target, tag: str, count: int, rate: float, at_once: int = 64) -> Posted:
    """Post `count` orders at `rate` a second (infinite: as fast as `at_once` connections can).

    An order counts from the moment it was due, not from when a connection was free for it.
    """
    posted, numbers = Posted(started=time.perf_counter()), iter(range(count))

    async def work(connection: Connection) -> None:
        for number in numbers:
            due = posted.started + number / rate
            if (early := due - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            reply = await connection.post(order_body(f"{tag}-{number}", number))
            posted.statuses[reply.status] = posted.statuses.get(reply.status, 0) + 1
            posted.due[f"lead:{json.loads(reply.body)['lead_id']}"] = due
            posted.answered = time.perf_counter()

    async with connections(target, min(at_once, count)) as opened:
        await asyncio.gather(*(work(connection) for connection in opened))
    return posted
