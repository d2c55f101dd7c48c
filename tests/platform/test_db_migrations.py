"""The migration runner: one at a time, never half a revision, never a wait without an end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import create_async_engine

from libs.common.platform.db import migrations
from libs.common.platform.db.database import KEPT_OPEN
from libs.common.platform.db.migrations import SERVICES_ROOT, migrate, older_revisions, schema_ready
from libs.common.platform.db.roles import SERVICES
from libs.common.testkit.database import StackDatabase, empty_database
from libs.common.testkit.messaging import eventually

Connection = asyncpg.Connection

ENV = """
from sqlalchemy import MetaData
from libs.common.platform.db.migrations import run_env
run_env(MetaData())
"""
STEP = """
from alembic import op
revision = "probe_{number}"
down_revision = {before!r}
def upgrade():
    {body}
"""
ONE = 'op.execute("CREATE TABLE one (id int)")'
SLEEPY = f'{ONE}; op.execute("SELECT pg_sleep(0.4)")'
CONCURRENT = f"""{SLEEPY}
    with op.get_context().autocommit_block():
        op.execute("CREATE INDEX CONCURRENTLY ix_one_id ON one (id)")"""


def write(folder: Path, *bodies: str) -> Path:
    (folder / "versions").mkdir(exist_ok=True)
    (folder / "env.py").write_text(ENV)
    for number, body in enumerate(bodies, 1):
        before = f"probe_{number - 1}" if number > 1 else None
        (folder / "versions" / f"{number}.py").write_text(STEP.format(number=number, before=before, body=body))
    migrations.older_revisions.cache_clear()
    return folder


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[StackDatabase]:
    async with empty_database(postgres_url) as url:
        yield StackDatabase(url, {})


@pytest.fixture
async def conn(database: StackDatabase) -> AsyncIterator[Connection]:
    conn = await asyncpg.connect(database.url("intake"))
    yield conn
    await conn.close()


async def tables(conn: Connection, schema: str = "intake") -> set[str]:
    return {row[0] for row in await conn.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", schema)}


async def test_version_table_lives_in_the_services_schema(
    database: StackDatabase, conn: Connection, tmp_path: Path
) -> None:
    scripts = write(tmp_path, ONE)
    await migrate("intake", database.url("intake"), scripts)
    assert await tables(conn) == {"one", "alembic_version"}


async def test_a_runner_waits_for_the_one_before_it(
    database: StackDatabase, conn: Connection, tmp_path: Path
) -> None:
    other = await asyncpg.connect(database.url("intake"))
    await other.execute(migrations._TRY_TURN)
    run = asyncio.create_task(migrate("intake", database.url("intake"), write(tmp_path, ONE)))
    done, _ = await asyncio.wait([run], timeout=0.4)
    await other.close()
    await run
    assert not done
    assert "one" in await tables(conn)


async def test_a_waiting_runner_does_not_hold_up_a_concurrent_index(
    database: StackDatabase, conn: Connection, tmp_path: Path
) -> None:
    scripts = write(tmp_path, CONCURRENT)
    engine = create_async_engine(database.url("intake").replace("postgresql", "postgresql+asyncpg", 1))
    async with engine.connect() as second:
        first = asyncio.create_task(migrate("intake", database.url("intake"), scripts))
        await eventually(lambda: _has_turn(conn, first))
        await migrations._take_turn(second)
        await first
    await engine.dispose()
    assert await conn.fetchval("SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_one_id'::regclass")


async def _has_turn(conn: Connection, run: asyncio.Task[None]) -> bool:
    """Return whether a runner of this database has its turn, or has had it."""
    own = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    held = f"SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND {own})"
    return run.done() or bool(await conn.fetchval(held))


async def test_the_way_of_a_runner_that_waits_is_kept_open(
    database: StackDatabase, conn: Connection, tmp_path: Path
) -> None:
    """What translates addresses on the way forgets a connection while an index is made."""
    setting = "SELECT reset_val FROM pg_settings WHERE name = 'tcp_keepalives_idle'"
    await migrate("intake", database.url("intake"), write(tmp_path, f'op.execute("CREATE TABLE one AS {setting}")'))
    assert await conn.fetchval("SELECT reset_val FROM one") == KEPT_OPEN["tcp_keepalives_idle"]


async def test_services_migrate_side_by_side_in_one_process(
    database: StackDatabase, conn: Connection, tmp_path: Path
) -> None:
    scripts = write(tmp_path, SLEEPY)
    await asyncio.gather(*(migrate(name, database.url(name), scripts) for name in ("intake", "tasks")))
    assert await tables(conn) == await tables(conn, "tasks") == {"one", "alembic_version"}


async def test_a_failed_revision_leaves_nothing_and_the_next_run_goes_on(
    database: StackDatabase, conn: Connection, tmp_path: Path
) -> None:
    write(tmp_path, ONE, 'op.execute("CREATE TABLE two (id int)"); op.execute("SELECT 1 / 0")')
    with pytest.raises(Exception, match="division by zero"):
        await migrate("intake", database.url("intake"), tmp_path)
    assert await tables(conn) == {"one", "alembic_version"}
    await migrate("intake", database.url("intake"), write(tmp_path, ONE, 'op.execute("CREATE TABLE two (id int)")'))
    assert await tables(conn) == {"one", "two", "alembic_version"}


async def test_a_lock_that_the_running_release_holds_is_not_waited_for_long(
    database: StackDatabase,
    conn: Connection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(migrations, "LOCK_TIMEOUT", "100ms")
    await conn.execute("CREATE TABLE busy (id int)")
    async with conn.transaction():
        await conn.execute("LOCK TABLE busy")
        with pytest.raises(Exception, match="lock timeout"):
            await migrate("intake", database.url("intake"), write(tmp_path, 'op.execute("DROP TABLE busy")'))


@pytest.mark.parametrize(
    ("revision", "ready"),
    [(None, False), ("probe_1", False), ("probe_2", True), ("of_a_newer_release", True)],
)
async def test_schema_is_ready_when_it_is_at_least_what_the_code_needs(
    database: StackDatabase,
    conn: Connection,
    tmp_path: Path,
    revision: str | None,
    ready: bool,
) -> None:
    scripts = write(tmp_path, "pass", "pass")
    assert not await schema_ready(conn, scripts)
    await migrate("intake", database.url("intake"), scripts)
    await conn.execute("DELETE FROM alembic_version")
    await conn.execute("INSERT INTO alembic_version SELECT $1::text WHERE $1 IS NOT NULL", revision)
    assert await schema_ready(conn, scripts) is ready


@pytest.mark.parametrize("service", SERVICES)
def test_the_older_revisions_are_those_that_alembic_knows(service: str) -> None:
    scripts = SERVICES_ROOT / service / "migrations"
    known = ScriptDirectory(str(scripts)).walk_revisions()
    assert older_revisions(scripts) == {script.revision for script in known if not script.is_head}
