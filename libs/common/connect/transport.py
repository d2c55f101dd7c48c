"""The one HTTP client: pooled, bounded in time and bytes, guarded, without redirects, and it raises nothing.

It stands on httpcore, the engine of httpx, because there the address to connect to can be chosen (`egress`) and the
moment is known at which the first byte leaves.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

import httpcore

from libs.common.connect.connections import Connections
from libs.common.connect.egress import Egress, ForbiddenAddressError
from libs.common.connect.exchange import (
    FORBIDDEN,
    MALFORMED,
    NO_ANSWER,
    UNREACHABLE,
    Answered,
    HttpRequest,
    Lost,
    Reply,
)

MAX_BODY = 64 * 1024  # bytes of an answer; a longer one is no provider's
KEEPALIVE = 30.0  # seconds that an idle connection is kept
CONNECT_SHARE = 0.45  # of the time-out, for each of pool and connection with TLS
_PORTS = {"http": 80, "https": 443}
_LEAVING = "send_request_headers.started"


class Transport:
    """A pool of connections. `timeout` is seconds for a whole call, from the pool to the last byte.

    Waiting for the connection ends before that: the caller must be able to distinguish a call that never left from
    one without an answer.
    """

    def __init__(
        self, egress: Egress, timeout: float, connections: int = 64, max_body: int = MAX_BODY,
        network: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:  # fmt: skip
        self._timeout = timeout
        self._max_body = max_body
        self._network = GuardedNetwork(egress, network)
        self._connections = Connections(self._connect, connections)

    async def close(self) -> None:
        await self._connections.close()

    async def call(self, request: HttpRequest) -> Answered:
        """Call once and return the reply of any status, or why there is none."""
        left = _Left()
        try:
            async with asyncio.timeout(self._timeout):
                return await self._exchange(request, left)
        except ForbiddenAddressError:
            return Lost(arrived=False, code=FORBIDDEN)
        except (httpcore.LocalProtocolError, ValueError) as error:  # refused before its first byte was written
            return Lost(arrived=False, code=MALFORMED, detail=type(error).__name__)
        except (OSError, httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
            code = NO_ANSWER if left.yet else UNREACHABLE
            return Lost(arrived=left.yet, code=code, detail=type(error).__name__)

    async def _exchange(self, request: HttpRequest, left: "_Left") -> Reply:
        connect = self._timeout * CONNECT_SHARE
        limits = {"connect": connect, "read": self._timeout, "write": self._timeout}
        outgoing = httpcore.Request(
            request.method, request.url, headers=_headers(request), content=request.body,
            extensions={"timeout": limits, "trace": left.trace},
        )  # fmt: skip
        async with self._connections.lent(outgoing.url.origin, connect) as connection:
            response = await connection.handle_async_request(outgoing)
            try:
                body = await self._body(response)
                return Reply(response.status, _read_headers(response), body or b"", too_long=body is None)
            finally:
                await response.aclose()

    @asynccontextmanager
    async def opened(self, request: HttpRequest, most: int, seconds: float) -> AsyncIterator["Opened | Lost"]:
        """Call and yield the reply, whose body is read by the caller: at most so many bytes, in so many seconds.

        Reading the body raises TooMuchError, and httpcore's errors.
        """
        connect = self._timeout * CONNECT_SHARE
        limits = {"connect": connect, "read": self._timeout, "write": self._timeout}
        async with AsyncExitStack() as stack:
            try:
                outgoing = httpcore.Request(
                    request.method, request.url, headers=_headers(request), content=request.body,
                    extensions={"timeout": limits},
                )  # fmt: skip
                lent = self._connections.lent(outgoing.url.origin, connect)
                connection = await stack.enter_async_context(lent)
                response = await connection.handle_async_request(outgoing)
            except ForbiddenAddressError:
                found: Opened | Lost = Lost(arrived=False, code=FORBIDDEN)
            except (httpcore.LocalProtocolError, ValueError) as error:
                found = Lost(arrived=False, code=MALFORMED, detail=type(error).__name__)
            except (OSError, httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
                found = Lost(arrived=True, code=NO_ANSWER, detail=type(error).__name__)
            else:
                stack.push_async_callback(response.aclose)
                found = Opened(response.status, _read_headers(response), _bounded(response, most, seconds))
            yield found

    def _connect(self, origin: httpcore.Origin) -> httpcore.AsyncHTTPConnection:
        trusted = self._trusted if origin.scheme == b"https" else None
        return httpcore.AsyncHTTPConnection(origin, trusted, KEEPALIVE, network_backend=self._network)

    @cached_property
    def _trusted(self) -> ssl.SSLContext:
        """The authorities that we trust, read once."""
        return httpcore.default_ssl_context()

    async def _body(self, response: httpcore.Response) -> bytes | None:
        """Return the body; None as soon as it is longer than the cap."""
        body = bytearray()
        async for part in response.aiter_stream():
            body += part
            if len(body) > self._max_body:
                return None
        return bytes(body)


@dataclass(frozen=True, slots=True)
class Opened:
    """A reply whose body comes part by part; headers as in a `Reply`."""

    status: int
    headers: Mapping[str, str]
    parts: AsyncIterator[bytes]


class TooMuchError(Exception):
    """A body is longer than agreed, or takes longer."""


class _Left:
    """Whether the first byte of a request has left."""

    yet = False

    async def trace(self, event: str, _: Mapping[str, object]) -> None:
        self.yet = self.yet or event.endswith(_LEAVING)


class GuardedNetwork(httpcore.AsyncNetworkBackend):
    """Opens connections to addresses that the guard has judged, and to no other."""

    def __init__(self, egress: Egress, inner: httpcore.AsyncNetworkBackend | None = None) -> None:
        self._egress = egress
        self._inner = inner or httpcore.AnyIOBackend()

    async def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:  # fmt: skip
        """Connect to the first address that answers. Raises ForbiddenAddressError and httpcore's errors."""
        try:
            async with asyncio.timeout(timeout):
                return await self._first(await self._egress.addresses(host, port), port, socket_options)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout from error
        except OSError as error:
            raise httpcore.ConnectError(type(error).__name__) from error

    async def _first(
        self, addresses: Iterable[str], port: int, socket_options: Iterable[httpcore.SOCKET_OPTION] | None
    ) -> httpcore.AsyncNetworkStream:
        failure: Exception = httpcore.ConnectError("no address")
        for address in addresses:
            try:
                return await self._inner.connect_tcp(address, port, socket_options=socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:  # fmt: skip
        """Nothing outside is a socket of this machine. Raises ForbiddenAddressError."""
        raise ForbiddenAddressError

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def _headers(request: HttpRequest) -> list[tuple[bytes, bytes]]:
    url = urlsplit(request.url)
    if url.hostname is None or url.scheme not in _PORTS:
        raise ValueError("not a URL of HTTP")
    host = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
    port = url.port or _PORTS[url.scheme]
    own = {
        "host": host if port == _PORTS[url.scheme] else f"{host}:{port}",
        "accept-encoding": "identity",
        "user-agent": "dozvon",
        "content-length": str(len(request.body)),
    }
    given = {name.lower(): value for name, value in request.headers.items()}
    return [(name.encode("ascii"), value.encode("latin-1")) for name, value in {**own, **given}.items()]


def _read_headers(response: httpcore.Response) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}


async def _bounded(response: httpcore.Response, most: int, seconds: float) -> AsyncIterator[bytes]:
    """Yield a body part by part. Raises TooMuchError."""
    loop, length = asyncio.get_running_loop(), 0
    until = loop.time() + seconds
    async for part in response.aiter_stream():
        length += len(part)
        if length > most or loop.time() > until:
            raise TooMuchError
        yield part
