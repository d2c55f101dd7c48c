"""Serving the stand-in: uvicorn with a way to close a connection without an answer."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Generator

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from deploy.standins.wazzup.routes import ABORT, create_app
from deploy.standins.wazzup.standin import Standin


class AbortableProtocol(HttpToolsProtocol):
    """HTTP/1.1 whose requests can cut their own connection."""

    def on_message_begin(self) -> None:
        """Offer the cut to the request that begins."""
        super().on_message_begin()
        self.scope["state"] = {**self.scope.get("state", {}), ABORT: self.transport.abort}


def server(standin: Standin) -> uvicorn.Server:
    """Return a server for an already bound socket (`serve(sockets=[…])`)."""
    config = uvicorn.Config(
        create_app(standin), http=AbortableProtocol, ws="none", log_config=None, access_log=False,
        timeout_graceful_shutdown=1, lifespan="on",
    )  # fmt: skip
    return uvicorn.Server(config)


def bound(port: int = 0, host: str = "127.0.0.1") -> socket.socket:
    """Return a listening socket; port 0 takes a free one."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((host, port))
    sock.listen(256)
    return sock


@contextlib.asynccontextmanager
async def running(standin: Standin, port: int = 0) -> AsyncIterator[str]:
    """Serve in this process's loop and give the base URL (`http://127.0.0.1:<port>`)."""
    sock = bound(port)
    serving = _Server.of(standin)
    task = asyncio.create_task(serving.serve(sockets=[sock]))
    try:
        while not serving.started and not task.done():
            await asyncio.sleep(0.005)
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        serving.should_exit = True
        await task
        sock.close()


class _Server(uvicorn.Server):
    """A server inside a test: leaves the process's signals alone."""

    @classmethod
    def of(cls, standin: Standin) -> "_Server":
        return cls(server(standin).config)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield
