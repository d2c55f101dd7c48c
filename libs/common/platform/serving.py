"""An ASGI app under uvicorn, with the deadlines that uvicorn lacks (uvicorn issue 157) and a clean stop."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from libs.common.platform.waiting import wait_for_stop

HEADER_SECONDS = 5.0
REQUEST_SECONDS = 15.0
DRAIN_SECONDS = 10
TICK = 1.0  # seconds


class ServingError(OSError):
    """The app cannot be served; its log has the reason."""


async def serve(
    app: ASGIApp,
    host: str,
    port: int,
    stop: asyncio.Event,
    *,
    on_stop: Callable[[], None] | None = None,
    lifespan: Literal["auto", "on", "off"] = "on",
) -> None:
    """Serve until `stop`; then run `on_stop` (end streams), accept nothing new, finish requests within 10 s.

    Raises ServingError when the port is taken or the app's lifespan does not start.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=DeadlineProtocol,
        ws="none",
        lifespan=lifespan,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    try:
        await _Server(config, stop, on_stop).serve()
    except SystemExit as error:  # uvicorn exits like this when it cannot start
        raise ServingError(f"cannot serve on {host}:{port}") from error


class _Server(uvicorn.Server):
    """A uvicorn server without signal handlers: API and worker may share the process."""

    def __init__(self, config: uvicorn.Config, stop: asyncio.Event, on_stop: Callable[[], None] | None) -> None:
        super().__init__(config)
        self._stop, self._on_stop = stop, on_stop

    async def main_loop(self) -> None:
        """Serve until the stop. uvicorn's own loop looks for it ten times as often as the header `date` changes."""
        while not await self.on_tick(0):
            if await wait_for_stop(self._stop, TICK):
                if self._on_stop is not None:
                    self._on_stop()
                return

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


class DeadlineProtocol(HttpToolsProtocol):
    """Disconnects clients that send a request too slowly; the time for an answer is not limited here."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the base does
        """Start the deadline of the first request."""
        super().connection_made(transport)
        self._expect(HEADER_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the deadline."""
        self._expect(None)
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Start the deadline of a later request at its first byte; before it the keep-alive time-out applies."""
        super().on_message_begin()
        self._expect(HEADER_SECONDS)

    def on_headers_complete(self) -> None:
        """Restart the deadline for the body."""
        super().on_headers_complete()
        self._expect(REQUEST_SECONDS)

    def on_message_complete(self) -> None:
        """Cancel the deadline: the request is complete."""
        super().on_message_complete()
        self._expect(None)

    def _expect(self, seconds: float | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None if seconds is None else self.loop.call_later(seconds, self._cut)

    def _cut(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
