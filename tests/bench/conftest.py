"""The suite's servers as the benchmark takes them."""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import psutil
import pytest_asyncio

from libs.common.testkit.database import StackDatabase
from tests.bench.servers import Running, Servers

POSTMASTER = "SELECT split_part(pg_read_file('postmaster.pid'), chr(10), 1)::int"


@pytest_asyncio.fixture(scope="package")
async def servers(postgres_url: str, kafka_bootstrap: str, template_db: StackDatabase) -> AsyncIterator[Servers]:
    conn = await asyncpg.connect(postgres_url)
    postmaster = await conn.fetchval(POSTMASTER)
    await conn.close()
    with tempfile.TemporaryDirectory(prefix="dozvon-bench-") as folder:
        kafka = Running(kafka_bootstrap, listener(kafka_bootstrap))
        yield Servers(Path(folder), Running(postgres_url, postmaster), kafka, template_db)


def listener(address: str) -> int | None:
    """Return the process that listens at an address of this machine."""
    port = urlsplit(f"//{address}").port
    found = (one for one in psutil.net_connections("tcp") if one.laddr and one.laddr.port == port)
    return next((one.pid for one in found if one.status == psutil.CONN_LISTEN), None)
