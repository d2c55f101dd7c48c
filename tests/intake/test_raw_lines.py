"""Addresses with bytes that HTTP does not allow, as some senders write them, through the real server."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator

import pytest

from libs.common.contracts.intake import LeadReceivedV2
from libs.common.platform.serving import serve
from tests.intake.api import Api
from tests.support.patience import PATIENCE

pytestmark = [pytest.mark.servers, pytest.mark.req("raw-query")]


@pytest.fixture
async def port(api: Api) -> AsyncIterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = int(probe.getsockname()[1])
    stop = asyncio.Event()
    server = asyncio.create_task(serve(api.app, "127.0.0.1", free, stop, lifespan="off"))
    yield free
    stop.set()
    await asyncio.wait_for(server, PATIENCE)


async def get(port: int, target: bytes) -> tuple[int, dict[str, object]]:
    """Send a request line as it is; return the answer's status and document."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                break
        writer.write(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    return int(head.split()[1]), json.loads(body)


@pytest.mark.parametrize("charset", ["utf-8", "windows-1251"])
@pytest.mark.parametrize("name", ["Анна", "Анна Иванова", "«Анна» № 1"])
async def test_bare_cyrillic_in_an_address_is_a_lead(api: Api, port: int, charset: str, name: str) -> None:
    url = await api.source("getcourse")
    query = f"id=raw1&phone=79000000005&first_name={name}".encode(charset)
    status, answer = await get(port, url.encode() + b"?" + query)
    [event] = await api.said(LeadReceivedV2)
    assert (status, answer["disposition"], event.person.name) == (202, "accepted", name)
    assert await api.ctx.core.db.pool.fetchval("SELECT query FROM delivery") == query


async def test_what_cannot_be_read_is_kept_as_it_came(api: Api, port: int) -> None:
    url = await api.source("getcourse")
    status, answer = await get(port, url.encode() + b"?name=\xff\xfe\x80")
    assert (status, answer["disposition"]) == (202, "quarantined")
    assert await api.ctx.core.db.pool.fetchval("SELECT query FROM delivery") == b"name=\xff\xfe\x80"


async def test_an_unknown_address_is_answered_as_any_other(port: int) -> None:
    status, problem = await get(port, "/intake/v1/hooks/ключ?имя=1".encode())
    assert (status, problem["code"]) == (404, "not_found")
