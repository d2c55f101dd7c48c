"""The receiving end of `RelayHint`: a loopback UDP port whose datagrams set an event."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from libs.common.platform.telemetry.logs import get_logger

log = get_logger(__name__)


class _Waker(asyncio.DatagramProtocol):
    def __init__(self, wake: asyncio.Event) -> None:
        self._wake = wake

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Look now."""
        self._wake.set()


@asynccontextmanager
async def relay_hints(port: int) -> AsyncIterator[asyncio.Event]:
    """Give an event that is set by each datagram; without a free port it is never set and polling remains."""
    wake = asyncio.Event()
    transport: asyncio.DatagramTransport | None = None
    if port:
        try:
            transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: _Waker(wake), local_addr=("127.0.0.1", port)
            )
        except OSError as error:
            log.warning("relay hints are off", port=port, reason=error.strerror)
    try:
        yield wake
    finally:
        if transport is not None:
            transport.close()
