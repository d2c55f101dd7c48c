"""The benchmark's own PostgreSQL and Kafka, in a folder that is deleted afterwards."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import asyncpg

from deploy.local.kafka import EmbeddedKafka
from deploy.local.postgres import EmbeddedPostgres
from libs.common.testkit.database import StackDatabase, database_copy, template_database


class Running(NamedTuple):
    """A server; its CPU is counted when its process is known."""

    url: str
    pid: int | None


@dataclass(frozen=True)
class Servers:
    """Both servers, running, and a database with all services' migrations to be copied."""

    folder: Path
    postgres: Running
    kafka: Running
    template: StackDatabase

    def pids(self) -> tuple[int | None, int | None]:
        """Return the process ids of PostgreSQL and Kafka."""
        return self.postgres.pid, self.kafka.pid

    @staticmethod
    def unused(name: str) -> str:
        """Return a name for topics and groups that no earlier run on these servers has used."""
        return f"{name}-{secrets.token_hex(3)}"

    @asynccontextmanager
    async def database(self) -> AsyncIterator[StackDatabase]:
        """Give a fresh migrated database for the block."""
        async with database_copy(self.postgres.url, self.template) as copy:
            yield copy


@asynccontextmanager
async def running_servers() -> AsyncIterator[Servers]:
    """Start both, migrate once, stop both and delete their data after the block."""
    with tempfile.TemporaryDirectory(prefix="dozvon-bench-") as name:
        folder = Path(name)
        postgres, kafka = EmbeddedPostgres(folder / "postgres"), EmbeddedKafka(folder / "kafka")
        try:
            await asyncio.gather(asyncio.to_thread(postgres.start), asyncio.to_thread(kafka.start))
            async with template_database(postgres.url) as template:
                addresses = Running(postgres.url, postgres.pid), Running(kafka.url, kafka.pid)
                yield Servers(folder, *addresses, template)
        finally:
            await asyncio.to_thread(kafka.stop)
            await asyncio.to_thread(postgres.stop)


async def count(url: str, query: str) -> int:
    """Return the one number that a query gives."""
    conn = await asyncpg.connect(url)
    try:
        return int(await conn.fetchval(query))
    finally:
        await conn.close()
