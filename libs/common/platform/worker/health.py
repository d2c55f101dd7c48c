"""The worker's small HTTP server: `/livez`, `/readyz`, `/metrics`, without a framework."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus

import orjson
from prometheus_client import CollectorRegistry

from libs.common.platform.telemetry.logs import get_logger
from libs.common.platform.telemetry.metrics import CONTENT_TYPE_LATEST, render

REQUEST_SECONDS = 5.0
MAX_HEAD = 8 * 1024  # bytes

#: The reasons why the worker is not ready, by part; empty when it is.
Checks = Callable[[], Mapping[str, str]]

log = get_logger(__name__)


@asynccontextmanager
async def health_server(host: str, port: int, checks: Checks, registry: CollectorRegistry) -> AsyncIterator[int]:
    """Serve inside the block; give the port, chosen by the system when `port` is 0. Raises OSError."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(_answer(head.split(b"\r\n", 1)[0], checks, registry))
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, host, port, limit=MAX_HEAD)
    chosen: int = server.sockets[0].getsockname()[1]
    log.info("worker health", host=host, port=chosen)
    try:
        yield chosen
    finally:
        server.close()
        await server.wait_closed()


def _answer(request_line: bytes, checks: Checks, registry: CollectorRegistry) -> bytes:
    method, _, rest = request_line.partition(b" ")
    path = rest.partition(b" ")[0].partition(b"?")[0]
    if method not in (b"GET", b"HEAD"):
        return _response(HTTPStatus.METHOD_NOT_ALLOWED, b"{}")
    match path:
        case b"/livez":
            return _response(HTTPStatus.OK, b'{"status":"alive"}')
        case b"/readyz":
            faults = dict(checks())
            status = HTTPStatus.SERVICE_UNAVAILABLE if faults else HTTPStatus.OK
            body = {"status": "not_ready" if faults else "ready", "checks": faults}
            return _response(status, orjson.dumps(body))
        case b"/metrics":
            return _response(HTTPStatus.OK, render(registry), CONTENT_TYPE_LATEST)
        case _:
            return _response(HTTPStatus.NOT_FOUND, b"{}")


def _response(status: HTTPStatus, body: bytes, media: str = "application/json") -> bytes:
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: {media}\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body
