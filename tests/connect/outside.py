"""Servers of the outside that say what a test wants, byte by byte."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from libs.common.connect.egress import Egress
from libs.common.connect.transport import Transport
from tests.support.patience import PATIENCE

#: What a server says to a request; None closes the connection without a word.
Says = Callable[[bytes], bytes | None]


class Outside:
    """A server on loopback: what it heard, and where it is."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.heard: list[bytes] = []

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.place}/"


@asynccontextmanager
async def outside(says: Says, hold: float = 0.0) -> AsyncIterator[Outside]:
    """Answer each request with what `says` returns, then wait `hold` seconds and close."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            head = await reader.readuntil(b"\r\n\r\n")
            server.heard.append(head)
            if (said := says(head)) is not None:
                writer.write(said)
                await writer.drain()
                await asyncio.sleep(hold)
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    server = Outside(listening.sockets[0].getsockname()[1])
    async with listening:
        yield server


def http(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """Return a whole response."""
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", "connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


@asynccontextmanager
async def transport(*allow: str, timeout: float = PATIENCE) -> AsyncIterator[Transport]:
    """A client that may call these places of our own network."""
    opened = Transport(Egress(",".join(allow)), timeout)
    try:
        yield opened
    finally:
        await opened.close()
