"""A line between a browser and the product, which a test cuts and mends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

from deploy.local.ports import free_port

_PART = 65_536  # bytes


class Line:
    """Carries bytes to `target` and back; while it is cut, nobody connects."""

    def __init__(self, target: str) -> None:
        self._target = urlsplit(target)
        self._port = free_port()
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def origin(self) -> str:
        """Where the product is found over this line."""
        return f"http://127.0.0.1:{self._port}"

    async def mend(self) -> None:
        """Let connections through from now on."""
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self._port)

    async def cut(self) -> None:
        """Break every connection, and let none through from now on."""
        if self._server:
            self._server.close()
        for writer in self._open:
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(self._target.hostname, self._target.port)
        ends = {writer, far_writer}
        self._open |= ends
        try:
            await asyncio.gather(_pour(reader, far_writer), _pour(far_reader, writer))
        finally:
            self._open -= ends


async def _pour(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while part := await source.read(_PART):
            target.write(part)
            await target.drain()
    target.close()


@asynccontextmanager
async def line(target: str) -> AsyncIterator[Line]:
    """A line that is whole at first."""
    made = Line(target)
    await made.mend()
    try:
        yield made
    finally:
        await made.cut()
