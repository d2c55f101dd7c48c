"""The API's server: slow senders are cut, what runs is finished, a taken port is one clear error."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import unquote

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from deploy.standins.client import http_client
from libs.common.platform import serving
from libs.common.platform.serving import RAW_TARGET, ServingError, serve
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.servers


async def target(request: Request) -> PlainTextResponse:
    raw: bytes = request.scope["extensions"][RAW_TARGET]["target"]
    return PlainTextResponse(raw + b" | " + request.scope["query_string"])


async def echo(request: Request) -> PlainTextResponse:
    await asyncio.sleep(float(request.query_params.get("slow", "0")))
    return PlainTextResponse(await request.body())


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def served(port: int) -> AsyncIterator[asyncio.Event]:
    routes = [Route("/", echo, methods=["GET", "POST"]), Route("/имя", target)]
    stop, app = asyncio.Event(), Starlette(routes=routes)
    task = asyncio.create_task(serve(app, "127.0.0.1", port, stop))
    try:
        await _answering(port)
        yield stop
    finally:
        stop.set()
        await asyncio.wait_for(task, PATIENCE)


async def test_requests_are_answered_on_one_connection(port: int) -> None:
    async with served(port), http_client() as client:
        answers = [await client.post(f"http://127.0.0.1:{port}/", content=f"{n}") for n in range(3)]
    assert [answer.text for answer in answers] == ["0", "1", "2"]


HALF_SENT = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab"


@pytest.mark.parametrize("start", [b"", b"POST / HTT", HALF_SENT], ids=["nothing", "half a line", "half a body"])
async def test_a_client_that_sends_too_slowly_is_cut(
    port: int, start: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "HEADER_SECONDS", 0.2)
    monkeypatch.setattr(serving, "REQUEST_SECONDS", 0.3)
    async with served(port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(start)
        assert await asyncio.wait_for(reader.read(), PATIENCE) == b""
        writer.close()


async def test_a_slow_answer_is_not_cut(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "REQUEST_SECONDS", 0.1)
    async with served(port), http_client() as client:
        answer = await client.post(f"http://127.0.0.1:{port}/?slow=0.4", content="late")
    assert answer.text == "late"


async def test_what_runs_is_finished_when_it_stops(port: int) -> None:
    async with served(port) as stop, http_client() as client:
        running = asyncio.create_task(client.get(f"http://127.0.0.1:{port}/?slow=0.5"))
        await asyncio.sleep(0.2)
        stop.set()
        assert (await running).status_code == 200


async def test_a_taken_port_is_one_clear_error(port: int) -> None:
    async with served(port):
        with pytest.raises(ServingError, match=f"cannot serve on 127.0.0.1:{port}"):
            await serve(Starlette(), "127.0.0.1", port, asyncio.Event())


@pytest.mark.parametrize("pieces", [
    ["GET /имя?a=Анна Иванова&b=%31 HTTP/1.1\r\nHost: x\r\n\r\n".encode()],
    ["GET /имя?a=Анна".encode(), " Иванова&b=%31 HTTP/1.1\r\nHost: x\r\n\r\n".encode()],
    [b"GET /", *(bytes((byte,)) for byte in "имя?a=Анна Иванова&b=%31 HTTP/1.1\r\n".encode()), b"Host: x\r\n\r\n"],
], ids=["whole", "halves", "bytes"])  # fmt: skip
async def test_bytes_that_no_parser_takes_come_as_they_were_sent(port: int, pieces: list[bytes]) -> None:
    async with served(port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in "ab":  # the second on the same connection
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
            body = await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split(b"\r")[0]))
            raw, _, query = body.decode().partition(" | ")
            assert (raw, unquote(query)) == ("/имя?a=Анна Иванова&b=%31", "a=Анна Иванова&b=1")
        writer.close()


async def test_bytes_of_a_body_are_no_request_line(port: int) -> None:
    async with served(port), http_client() as client:
        answers = [await client.post(f"http://127.0.0.1:{port}/", content="Анна\nИванова" * n) for n in (1, 9000)]
    assert [len(answer.text) for answer in answers] == [12, 108_000]


async def _answering(port: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return
