"""What is kept between runs of the benchmark: under which key, and what an interrupted run leaves."""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from deploy.local.postgres import EmbeddedPostgres
from deploy.local.process import LocalStackError
from libs.common.platform.db.roles import SERVICES
from tests.bench.kept import MARK, SOURCES, Facts, clear, kept_server, key_of

FACTS = Facts("postgres", "postgres", "/hook", 7)
KEY = "20-a"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for service in SERVICES:
        folder = tmp_path / service / "migrations" / "versions"
        folder.mkdir(parents=True)
        (folder / "0001_baseline.py").write_text(service)
    for name in SOURCES:
        (tmp_path / name).write_text(name)
    return tmp_path


def test_the_same_leads_code_and_migrations_have_one_key(tree: Path) -> None:
    assert key_of(20, tree, tree) == key_of(20, tree, tree)


@pytest.mark.parametrize("changed", [*SOURCES, *(f"{name}/migrations/versions/0002_more.py" for name in SERVICES)])
def test_a_changed_source_and_a_new_migration_have_another_key(tree: Path, changed: str) -> None:
    before = key_of(20, tree, tree)
    (tree / changed).write_text("another")
    assert key_of(20, tree, tree) != before


@pytest.mark.parametrize("changed", ["client.py", "product.py", "filled.py"])
def test_what_sends_the_leads_that_are_copied_is_in_the_key(tree: Path, changed: str) -> None:
    before = key_of(20, tree, tree)
    (tree / changed).write_text("another")
    assert key_of(20, tree, tree) != before


def test_other_leads_have_another_key(tree: Path) -> None:
    assert key_of(21, tree, tree) != key_of(20, tree, tree)


class Maker:
    """Makes a table of one row, or is interrupted behind it."""

    def __init__(self) -> None:
        self.made, self.interrupted = 0, False

    async def __call__(self, server: EmbeddedPostgres) -> Facts:
        self.made += 1
        await execute(server, "CREATE TABLE made AS SELECT 1 AS n")
        if self.interrupted:
            raise KeyboardInterrupt
        return FACTS


@pytest.fixture
def folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="dozvon-try-"))
    yield folder
    for path in folder.iterdir():
        EmbeddedPostgres(path).destroy()
    shutil.rmtree(folder)


async def execute(server: EmbeddedPostgres, statement: str) -> None:
    conn = await asyncpg.connect(server.url)
    try:
        await conn.execute(statement)
    finally:
        await conn.close()


async def rows(server: EmbeddedPostgres) -> int:
    conn = await asyncpg.connect(server.url)
    try:
        return int(await conn.fetchval("SELECT sum(n) FROM made"))
    finally:
        await conn.close()


@pytest.mark.servers
async def test_what_was_interrupted_does_not_count_and_what_was_made_is_found(folder: Path) -> None:
    make = Maker()
    make.interrupted = True
    with pytest.raises(KeyboardInterrupt):
        async with kept_server(folder, KEY, make):
            pytest.fail("nothing was made")
    make.interrupted = False
    async with kept_server(folder, KEY, make) as first:
        assert (first.found, make.made, await rows(first.postgres)) == (False, 2, 1)
        await execute(first.postgres, "INSERT INTO made VALUES (2)")
        first.then = replace(FACTS, leads=8)
        with pytest.raises(LocalStackError, match="in use"):
            async with kept_server(folder, KEY, make):
                pytest.fail("two runs on one folder")
    async with kept_server(folder, KEY, make) as second:
        assert (second.found, make.made, second.facts.leads, await rows(second.postgres)) == (True, 2, 8, 3)
        assert not marked(folder)  # a run that is killed here leaves nothing to be found
        second.then = None
    assert not marked(folder)


def marked(folder: Path) -> bool:
    return (folder / KEY / MARK).exists()


def test_other_keys_of_as_many_leads_make_room(folder: Path) -> None:
    for name in ("20-older", "300-older"):
        (folder / name).mkdir()
    clear(folder, KEY)
    assert [path.name for path in folder.iterdir()] == ["300-older"]
