"""An ASGI app under uvicorn, with the deadlines that uvicorn lacks (uvicorn issue 157) and a clean stop."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Literal

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from libs.common.platform.waiting import wait_for_stop

HEADER_SECONDS = 5.0
REQUEST_SECONDS = 15.0
DRAIN_SECONDS = 10
TICK = 1.0  # seconds
MOST_FILES = 16_384  # twice as many as requests at once
MAX_LINE = 65_536  # bytes of a request line that is held back
SPACE, DELETE = 0x20, 0x7F
RAW_TARGET = "dozvon.raw_target"


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
    allow_connections()
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


def allow_connections() -> None:
    """Let this process have the sockets that it serves: a shell gives it 1,024 files, and each stream takes one."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(MOST_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):  # then it stays as it was
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


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


def escaped_line(line: bytes) -> tuple[bytes, bytes]:
    """Return a request line whose target is ASCII, and the target as it came.

    Some senders write Cyrillic into an address as it is (RFC 9112 §3.2 wants it percent-encoded), spaces too.
    """
    method, _, rest = line.partition(b" ")
    target, _, version = rest.rpartition(b" ")
    escaped = b"".join(b"%%%02X" % byte if byte <= SPACE or byte >= DELETE else bytes((byte,)) for byte in target)
    return b" ".join((method, escaped, version)), target


class DeadlineProtocol(HttpToolsProtocol):
    """Disconnects clients that send a request too slowly; the time for an answer is not limited here.

    A request line with bytes that no parser of HTTP takes is escaped before it is parsed; the application finds the
    target as it came in the scope's extension `RAW_TARGET`.
    """

    _deadline: asyncio.TimerHandle | None = None
    _line: bytes | None = b""  # what has come of a request line; None behind its end
    _target: bytes | None = None

    def data_received(self, data: bytes) -> None:
        """Take bytes of the client."""
        end_of_line = data.find(b"\n")
        if self._line is None or (not self._line and end_of_line > 0 and data[:end_of_line].isascii()):
            super().data_received(data)
            return
        self._line += data
        line, end, rest = self._line.lstrip(b"\r\n").partition(b"\n")
        if not end and len(line) < MAX_LINE:
            return  # no deadline begins here: that of the connection runs, or the time to keep it alive
        if not line.isascii():
            line, self._target = escaped_line(line)
        self._line = None
        super().data_received(line + end + rest)

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
        self._line = None
        self._expect(HEADER_SECONDS)

    def on_headers_complete(self) -> None:
        """Restart the deadline for the body."""
        super().on_headers_complete()
        if self._target is not None:  # the application runs later
            self.scope["extensions"] = {RAW_TARGET: {"target": self._target}}
            self._target = None
        self._expect(REQUEST_SECONDS)

    def on_message_complete(self) -> None:
        """Cancel the deadline: the request is complete."""
        super().on_message_complete()
        self._line = b""
        self._expect(None)

    def _expect(self, seconds: float | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None if seconds is None else self.loop.call_later(seconds, self._cut)

    def _cut(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
