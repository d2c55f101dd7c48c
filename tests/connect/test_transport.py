"""The one client: what left is distinguished from what did not, and no answer of any kind raises."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack

import httpcore
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from libs.common.connect.egress import Egress
from libs.common.connect.exchange import HttpRequest, Lost, Reply
from libs.common.connect.transport import MAX_BODY, Transport
from tests.connect.outside import http, outside, transport

pytestmark = pytest.mark.servers

BIG = b"{" + b" " * (10 * 1024 * 1024) + b"}"


async def call(said: bytes | None, **limits: float) -> Reply | Lost:
    async with outside(lambda _: said) as server, transport(server.place, **limits) as client:
        return await client.call(HttpRequest("GET", server.url))


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        (http(b""), Reply(200, {}, b"")),
        (http(b"<html>Bad gateway</html>", "502 Bad Gateway"), Reply(502, {}, b"<html>Bad gateway</html>")),
        (http(b'{"a": '), Reply(200, {}, b'{"a": ')),
        (http("привет".encode("cp1251")), Reply(200, {}, "привет".encode("cp1251"))),
        (http(BIG), Reply(200, {}, b"")),
        (http(b"", "302 Found", "location: http://169.254.169.254/"), Reply(302, {}, b"")),
    ],
    ids=["empty", "html", "cut", "charset", "10 MB", "redirect"],
)
async def test_a_nasty_answer_is_a_reply_like_any_other(said: bytes, reply: Reply) -> None:
    found = await call(said)
    assert isinstance(found, Reply)
    assert (found.status, found.body) == (reply.status, reply.body)


async def test_an_answer_that_is_just_not_too_long_is_taken_whole() -> None:
    found = await call(http(b"x" * MAX_BODY))
    assert isinstance(found, Reply)
    assert len(found.body) == MAX_BODY


@pytest.mark.parametrize(
    "said",
    [
        None,
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nbad\r\n",
    ],
    ids=["closed", "cut body", "other protocol", "bad header"],
)
async def test_an_answer_that_is_none_may_have_arrived(said: bytes | None) -> None:
    found = await call(said)
    assert isinstance(found, Lost)
    assert (found.arrived, found.code) == (True, "no_answer")


async def test_a_silent_server_may_have_it_once_the_time_is_over() -> None:
    started = time.monotonic()
    async with outside(lambda _: b"HTTP", hold=5) as server, transport(server.place, timeout=0.3) as client:
        found = await client.call(HttpRequest("POST", server.url, body=b"x"))
    assert found == Lost(arrived=True, code="no_answer", detail="TimeoutError")
    assert time.monotonic() - started < 4


async def test_a_port_without_a_server_never_had_it(free_port: int) -> None:
    async with transport(f"127.0.0.1:{free_port}") as client:
        found = await client.call(HttpRequest("GET", f"http://127.0.0.1:{free_port}/"))
    assert found == Lost(arrived=False, code="unreachable", detail="ConnectError")


async def test_a_connection_that_is_never_accepted_never_had_it(black_hole: int) -> None:
    async with transport(f"127.0.0.1:{black_hole}", timeout=0.3) as client:
        started = time.monotonic()
        found = await client.call(HttpRequest("GET", f"http://127.0.0.1:{black_hole}/"))
    assert found == Lost(arrived=False, code="unreachable", detail="ConnectTimeout")
    assert time.monotonic() - started < 4


async def test_a_private_address_is_not_called() -> None:
    async with outside(lambda _: http(b"")) as server, transport() as client:
        assert await client.call(HttpRequest("GET", server.url)) == Lost(arrived=False, code="address_forbidden")
    assert server.heard == []


async def test_a_redirect_is_not_followed() -> None:
    async with outside(lambda _: http(b"")) as inner:
        moved = http(b"", "302 Found", f"location: {inner.url}")
        async with outside(lambda _: moved) as server, transport(server.place, inner.place) as client:
            await client.call(HttpRequest("GET", server.url))
    assert inner.heard == []


class Rebinding:
    """A name of a public address once, of this machine ever after."""

    def __init__(self) -> None:
        self.asked = 0

    async def __call__(self, _: str, __: int) -> Sequence[str]:
        self.asked += 1
        return ["93.184.215.14"] if self.asked == 1 else ["127.0.0.1"]


class Recording(httpcore.AsyncMockBackend):
    """A network of which only the addresses matter."""

    def __init__(self) -> None:
        super().__init__([http(b"")])
        self.connected: list[str] = []

    async def connect_tcp(self, host: str, *args: object, **kwargs: object) -> httpcore.AsyncNetworkStream:
        self.connected.append(host)
        return await super().connect_tcp(host, *args, **kwargs)  # type: ignore[arg-type]  # passed on as given


async def test_a_name_that_rebinds_is_connected_to_at_the_address_that_was_judged() -> None:
    names, network = Rebinding(), Recording()
    client = Transport(Egress(resolver=names), 1.0, network=network)
    first, second = [await client.call(HttpRequest("GET", "http://rebind.example/")) for _ in range(2)]
    await client.close()
    assert (isinstance(first, Reply), network.connected) == (True, ["93.184.215.14"])
    assert (second, names.asked) == (Lost(arrived=False, code="address_forbidden"), 2)


@pytest.mark.parametrize(
    "request_",
    [
        HttpRequest("GET", "ftp://example.com/"),
        HttpRequest("GET", "http:///path"),
        HttpRequest("GET", "not a url"),
        HttpRequest("GET", "http://127.0.0.1:99999/"),
        HttpRequest("GET", "http://127.0.0.1:1/", {"authorization": "Bearer a\r\nb: c"}),
        HttpRequest("GET", "http://127.0.0.1:1/", {"authorization": "Bearer ключ"}),
    ],
)
async def test_a_request_that_cannot_be_sent_never_left(request_: HttpRequest) -> None:
    async with outside(lambda _: http(b"")) as server, transport(server.place) as client:
        found = await client.call(HttpRequest(request_.method, request_.url.replace(":1/", f":{server.port}/"),
                                              request_.headers))  # fmt: skip
    assert isinstance(found, Lost)
    assert (found.arrived, found.code) == (False, "request_malformed")


async def test_a_request_says_whom_it_calls_and_what_it_sends() -> None:
    async with outside(lambda _: http(b"")) as server, transport(server.place) as client:
        await client.call(HttpRequest.json("POST", f"{server.url}a?b=c", {"d": 1}, {"X-Key": "k"}))
    head = server.heard[0].decode().lower()
    assert head.startswith("post /a?b=c http/1.1\r\n")
    assert {f"host: {server.place}", "content-length: 7", "x-key: k"} <= set(head.split("\r\n"))


def test_the_representation_of_a_request_holds_no_secret() -> None:
    request = HttpRequest("GET", "https://api.example/key?psw=hidden", {"authorization": "hidden"}, b"hidden")
    assert "hidden" not in repr(request)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=st.binary(max_size=200))
async def test_any_bytes_are_an_answer_or_none(endless: "Endless", said: bytes) -> None:
    endless.said = said
    found = await endless.client.call(HttpRequest("GET", endless.url))
    assert isinstance(found, Reply) or found.arrived


class Endless:
    """A server that says the next thing at each call, and its client."""

    said = b""

    def __init__(self, url: str, client: Transport) -> None:
        self.url, self.client = url, client


@pytest.fixture
async def endless() -> AsyncIterator[Endless]:
    async with outside(lambda _: made.said) as server, transport(server.place) as client:
        made = Endless(server.url, client)
        yield made


@pytest.fixture
def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port


@pytest.fixture
def black_hole() -> Iterator[int]:
    """A port whose queue of connections is full: a new one is never answered, not even refused."""
    with ExitStack() as sockets:
        server = sockets.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(4):
            filler = sockets.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(server.getsockname())
        yield server.getsockname()[1]


async def test_calls_at_once_share_the_pool_and_each_has_its_own_answer() -> None:
    async with outside(lambda head: http(head.split()[1])) as server, transport(server.place) as client:
        urls = [f"{server.url}{number}" for number in range(20)]
        replies = await asyncio.gather(*(client.call(HttpRequest("GET", url)) for url in urls))
    assert [reply.body for reply in replies if isinstance(reply, Reply)] == [b"/%d" % n for n in range(20)]
