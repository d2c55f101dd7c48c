"""A service's command line: what it runs, how it ends, what it says when it cannot run."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import httpx
import pytest

from deploy.local.ports import free_port

pytestmark = pytest.mark.servers
ROOT = Path(__file__).parents[2]


async def start(command: str, **environ: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bus.tiny_service", *command.split(), cwd=ROOT,
        env={"PATH": os.environ["PATH"], "TINY_POSTGRES_URL": "postgresql://x@127.0.0.1:1/x", **environ},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def ended(process: asyncio.subprocess.Process) -> tuple[int | None, str]:
    out, err = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode, (out + err).decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_a_worker_in_order(number: signal.Signals) -> None:
    process = await start("worker")
    assert process.stdout is not None
    assert await process.stdout.readline() == b"runs\n"
    process.send_signal(number)
    assert await ended(process) == (0, "finished\n")


async def test_the_api_serves_and_ends_with_a_signal() -> None:
    port = free_port()
    process = await start("api", TINY_PORT=str(port))
    status = await _status(f"http://127.0.0.1:{port}/tiny/livez")
    process.send_signal(signal.SIGTERM)
    code, _ = await ended(process)
    assert (status, code) == (200, 0)


@pytest.mark.parametrize(
    ("command", "environ", "code", "says"),
    [
        ("", {}, 2, "usage: python -m services.tiny api|worker|migrate|all"),
        ("worker", {"TINY_NONSENSE": "1"}, 1, "TINY_NONSENSE"),
        ("api", {"TINY_PORT": "1", "TINY_HOST": "203.0.113.1"}, 1, "cannot serve on 203.0.113.1:1"),
    ],
    ids=["no command", "unknown setting", "no such address"],
)
async def test_what_cannot_run_says_why(command: str, environ: dict[str, str], code: int, says: str) -> None:
    found, text = await ended(await start(command, **environ))
    assert (found, says in text) == (code, True)


async def _status(url: str) -> int:
    async with asyncio.timeout(30), httpx.AsyncClient() as client:
        while True:
            try:
                return (await client.get(url)).status_code
            except httpx.TransportError:
                await asyncio.sleep(0.05)
