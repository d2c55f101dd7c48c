import asyncio
import os
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from deploy.local.jars import CHECKOUT
from deploy.local.postgres import SOCKET_NAME, EmbeddedPostgres
from deploy.local.process import LocalStackError

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(Path(tempfile.mkdtemp(prefix="dozvon-try-")), settings={"work_mem": "5MB"})
    yield server
    server.destroy()


@pytest.fixture
def other() -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(Path(tempfile.mkdtemp(prefix="dozvon-try-")))
    yield server
    server.destroy()


async def execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


async def value(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_restart_keeps_rows(server: EmbeddedPostgres) -> None:
    await execute(server.start(), "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (7)")
    server.stop()
    assert await value(server.start(), "SELECT n FROM kept") == 7


async def test_kill_9_keeps_committed_rows(server: EmbeddedPostgres) -> None:
    await execute(server.start(), "CREATE TABLE survived (n int)", "INSERT INTO survived VALUES (1), (2)")
    server.kill()
    assert await value(server.start(), "SELECT count(*) FROM survived") == 2


async def test_kill_ends_every_process_of_the_server(server: EmbeddedPostgres) -> None:
    server.start()
    postmaster = psutil.Process(server.pid)
    family = [postmaster, *postmaster.children(recursive=True)]
    server.kill()
    assert not [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
    assert server.pid is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [("max_connections", "300"), ("fsync", "on"), ("synchronous_commit", "on"), ("work_mem", "5MB")],
)
async def test_settings_are_in_force(server: EmbeddedPostgres, name: str, expected: str) -> None:
    assert await value(server.start(), f"SHOW {name}") == expected


async def test_listens_on_no_tcp_port(server: EmbeddedPostgres) -> None:
    server.start()
    assert psutil.Process(server.pid).net_connections("tcp") == []


async def test_sqlalchemy_takes_the_same_address(server: EmbeddedPostgres) -> None:
    engine = create_async_engine(server.start().replace("postgresql:", "postgresql+asyncpg:"))
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT 1")) == 1
    await engine.dispose()


async def test_cyrillic_is_folded_and_split_into_trigrams(server: EmbeddedPostgres) -> None:
    await execute(server.start(), "CREATE EXTENSION IF NOT EXISTS pg_trgm")
    assert await value(server.url, "SELECT lower('ЁЛКА') || similarity('Ёлка', 'ёлка')") == "ёлка1"


async def test_two_stacks_live_side_by_side(server: EmbeddedPostgres, other: EmbeddedPostgres) -> None:
    await execute(server.start(), "CREATE TABLE only_here ()")
    assert await value(other.start(), "SELECT to_regclass('only_here')") is None


def test_a_folder_in_use_is_refused(server: EmbeddedPostgres) -> None:
    server.start()
    with pytest.raises(LocalStackError, match="is in use by another running stack"):
        EmbeddedPostgres(server.data_dir).start()


async def test_a_server_left_by_a_crashed_parent_is_taken_over(other: EmbeddedPostgres) -> None:
    script = f"""
        import os, pathlib
        from deploy.local.postgres import EmbeddedPostgres
        server = EmbeddedPostgres(pathlib.Path({str(other.data_dir)!r}))
        server.start()
        print(server.pid, flush=True)
        os._exit(1)
    """
    parent = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
    )
    assert await value(other.start(), "SELECT 1") == 1
    assert other.pid != int(parent.stdout)


@pytest.fixture
def stranger(other: EmbeddedPostgres) -> Iterator[int]:
    """The pid of a process of PostgreSQL's own user, which are those that it minds."""
    with subprocess.Popen(["/bin/sleep", "60"], user=other.owner()) as process:
        yield process.pid
        process.kill()


async def test_pid_files_of_another_process_do_not_prevent_a_start(other: EmbeddedPostgres, stranger: int) -> None:
    other.start()
    other.kill()
    for file in (other.home / "postmaster.pid", other.socket_dir / f"{SOCKET_NAME}.lock"):
        file.write_text(f"{stranger}\n{other.home}\n1\n5432\n\n\n\nready\n")
    assert await value(other.start(), "SELECT 1") == 1


def test_a_broken_data_folder_gives_one_line(other: EmbeddedPostgres) -> None:
    other.start()
    other.stop()
    (other.home / "global" / "pg_control").write_bytes(b"broken")
    with pytest.raises(LocalStackError, match=r"^PostgreSQL cannot run in .*pg_control.*$"):
        other.start()


def test_a_folder_of_something_else_is_refused(other: EmbeddedPostgres) -> None:
    other.home.mkdir()
    with pytest.raises(LocalStackError, match=r"^.* is not a PostgreSQL data folder; .*$"):
        other.start()


def test_a_file_in_place_of_the_folder_gives_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LocalStackError, match=r"^PostgreSQL cannot run in .*file.*$"):
        EmbeddedPostgres(tmp_path / "file" / "data").start()


async def test_a_long_path_gets_a_short_socket_folder(other: EmbeddedPostgres) -> None:
    deep = EmbeddedPostgres(other.data_dir / ("long-" * 25))
    assert await value(deep.start(), "SELECT 1") == 1
    assert len(os.fsencode(deep.socket_dir / SOCKET_NAME)) <= 107
    deep.destroy()
