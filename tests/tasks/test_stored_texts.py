"""An upgrade over stored texts: one that today's reader cannot read stops it and is named (P.4)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import asyncpg
import pytest
import pytest_asyncio

from libs.common.platform.db.migrations import migrate
from libs.common.testkit.database import StackDatabase, empty_database
from tests.tasks.support import TINY

BEFORE = "tasks_0010"
STORE = """
INSERT INTO playbook (code, version, desk, title_ru, title_en, source, created_at, created_by)
VALUES ('tiny', $1, '*', 'Кроха', 'Tiny', $2, now(), 'chief')
"""


@dataclass
class Left:
    """Tasks' schema as the release before left it."""

    url: str
    conn: asyncpg.Connection

    async def store(self, version: int, text: str) -> None:
        await self.conn.execute(STORE, version, text)

    async def upgrade(self) -> str:
        """Migrate to today's release and return its revision."""
        await migrate("tasks", self.url)
        revision: str = await self.conn.fetchval("SELECT version_num FROM alembic_version")
        return revision


@pytest_asyncio.fixture
async def left(postgres_url: str) -> AsyncIterator[Left]:
    async with empty_database(postgres_url) as server:
        url = StackDatabase(server, {}).url("tasks")
        await migrate("tasks", url, to=BEFORE)
        conn = await asyncpg.connect(url, server_settings={"search_path": "tasks"})
        yield Left(url, conn)
        await conn.close()


@pytest.mark.req("P.4")
async def test_texts_that_are_read_today_are_upgraded_as_they_are(left: Left) -> None:
    await left.store(1, TINY)
    assert await left.upgrade() > BEFORE


@pytest.mark.req("P.4")
async def test_a_text_that_cannot_be_read_stops_the_upgrade_and_is_named(left: Left) -> None:
    await left.store(1, TINY)
    await left.store(2, TINY.replace("due: 5m", "due: soon"))
    with pytest.raises(ValueError, match=r"tiny 2, line 15: 'soon' is not a duration"):
        await left.upgrade()
    assert await left.conn.fetchval("SELECT version_num FROM alembic_version") == BEFORE
    await left.conn.execute("DELETE FROM playbook WHERE version = 2")
    assert await left.upgrade() > BEFORE
