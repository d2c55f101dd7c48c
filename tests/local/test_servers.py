"""The stack's servers are kept alive."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from deploy.local.children import cancelled
from deploy.local.home import Home
from deploy.local.servers import Servers
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.servers

said: list[str] = []


@pytest.fixture
async def servers(tmp_path: Path) -> AsyncIterator[Servers]:
    """PostgreSQL alone, watched."""
    said.clear()
    kept = Servers(Home(tmp_path), said.append, kafka_bootstrap="127.0.0.1:1")
    await kept.start()
    watch = asyncio.create_task(kept.watch())
    yield kept
    await cancelled(watch)
    await kept.stop()


async def answers(url: str) -> bool:
    try:
        connection = await asyncpg.connect(url)
    except (OSError, asyncpg.PostgresError):
        return False
    await connection.close()
    return True


async def test_a_server_that_cannot_start_again_is_said_and_tried_until_it_can(
    servers: Servers, tmp_path: Path
) -> None:
    version = tmp_path / "postgres" / "pgdata" / "PG_VERSION"
    whole = version.read_text()
    version.write_text("garbage")
    os.kill(servers.pids()["postgresql"], signal.SIGKILL)
    async with asyncio.timeout(PATIENCE):
        while not any("not a valid data directory" in line and "once more in" in line for line in said):
            await asyncio.sleep(0.1)
        version.write_text(whole)
        while not await answers(servers.postgres_url):
            await asyncio.sleep(0.1)


async def test_a_stop_waits_for_the_start_that_runs_and_undoes_it(tmp_path: Path) -> None:
    servers = Servers(Home(tmp_path), said.append, kafka_bootstrap="127.0.0.1:1")
    start = asyncio.create_task(servers.start())
    await asyncio.sleep(0.05)
    await cancelled(start)
    await servers.stop()
    assert servers.pids() == {}
    assert not await answers(f"postgresql://postgres@/postgres?host={tmp_path / 'postgres'}")
