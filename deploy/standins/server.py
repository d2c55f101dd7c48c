"""Serving stand-ins: one app, a path for each, and a way to close a connection without an answer."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Generator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Protocol

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

ABORT = "standins.abort"  # what the scope's state holds: it closes the connection


class Standin(Protocol):
    """A provider's API as routes under its code; `open` delivers its callbacks while the block runs.

    `waiting`: callbacks that are not delivered yet.
    """

    @property
    def code(self) -> str: ...

    @property
    def waiting(self) -> int: ...

    def routes(self) -> Sequence[Route]: ...

    def open(self) -> AbstractAsyncContextManager[None]: ...


class AbortableProtocol(HttpToolsProtocol):
    """HTTP/1.1 whose requests can cut their own connection."""

    def on_message_begin(self) -> None:
        """Offer the cut to the request that begins."""
        super().on_message_begin()
        self.scope["state"] = {**self.scope.get("state", {}), ABORT: self.transport.abort}


def create_app(standins: Sequence[Standin]) -> Starlette:
    """Return the app; its lifespan delivers the callbacks."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for standin in standins:
                await stack.enter_async_context(standin.open())
            yield

    async def codes(_: Request) -> Response:
        return Response(" ".join(standin.code for standin in standins))

    async def waiting(_: Request) -> Response:
        return Response(str(sum(standin.waiting for standin in standins)))

    mounts = [Mount(f"/{standin.code}", routes=standin.routes()) for standin in standins]
    return Starlette(routes=[Route("/", codes), Route("/_waiting", waiting), *mounts], lifespan=lifespan)


async def cut(request: Request) -> Response:
    """Close the connection without an answer; the response is for the framework alone."""
    request.scope["state"][ABORT]()
    # The server notices the closed connection one turn of its loop later; it then ignores the response.
    await asyncio.sleep(0.01)
    return Response(status_code=500)


def server(standins: Sequence[Standin]) -> uvicorn.Server:
    """Return a server for an already bound socket (`serve(sockets=[…])`).

    It keeps a connection longer than httpx (5 s) and the product (30 s): who closes first is not left to chance.
    """
    config = uvicorn.Config(
        create_app(standins), http=AbortableProtocol, ws="none", log_config=None, access_log=False,
        timeout_keep_alive=60, timeout_graceful_shutdown=1, lifespan="on",
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
async def running(*standins: Standin) -> AsyncIterator[str]:
    """Serve in this process's loop and give the base URL (`http://127.0.0.1:<port>`)."""
    sock = bound()
    serving = _Server.of(standins)
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
    def of(cls, standins: Sequence[Standin]) -> "_Server":
        return cls(server(standins).config)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield
