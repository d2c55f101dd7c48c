"""The stand-in as a process of its own, killed and started again."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from deploy.standins.client import http_client
from deploy.standins.server import bound, server
from deploy.standins.wazzup.accounts import DEMO_CHANNEL, DEMO_KEY
from libs.common.connect.transport import KEEPALIVE
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.servers

MESSAGE = {"channelId": DEMO_CHANNEL, "chatType": "whatsapp", "chatId": "79000000001", "text": "Заказ принят"}
HEADERS = {"authorization": f"Bearer {DEMO_KEY}"}


@contextlib.asynccontextmanager
async def process(port: int, journal: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Run the command until the block ends, then kill it without a warning."""
    command = [
        "-m",
        "deploy.standins",
        "--port",
        str(port),
        "--profile",
        "kind",
        "--journals",
        str(journal),
    ]
    running = await asyncio.create_subprocess_exec(sys.executable, *command)
    try:
        async with http_client(base_url=f"http://127.0.0.1:{port}/wazzup", headers=HEADERS) as http:
            await _answering(http)
            yield http
    finally:
        running.kill()
        await running.wait()


async def _answering(http: httpx.AsyncClient) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            with contextlib.suppress(httpx.HTTPError):
                await http.get("/_journal")
                return
            await asyncio.sleep(0.05)


async def test_what_was_accepted_survives_a_kill_of_the_process(tmp_path: Path) -> None:
    with bound() as sock:
        port = sock.getsockname()[1]
    async with process(port, tmp_path) as http:
        accepted = (await http.post("/v3/message", json={**MESSAGE, "crmMessageId": "a"})).json()["messageId"]
    async with process(port, tmp_path) as http:
        journal = (await http.get("/_journal")).json()
    assert [(entry["message_id"], entry["crm_message_id"]) for entry in journal["items"]] == [(accepted, "a")]


def test_a_connection_is_kept_longer_than_clients_keep_it() -> None:
    """Else a call now and then goes out on a connection that is being closed."""
    assert server([]).config.timeout_keep_alive > max(KEEPALIVE, httpx.Limits().keepalive_expiry or 0)
