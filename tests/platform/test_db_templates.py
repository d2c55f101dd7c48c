"""The databases that tests get: a fresh copy each, and one service's broken migration fails its own tests alone."""

import shutil
from pathlib import Path

import asyncpg
import pytest

from libs.common.platform.db import migrations
from libs.common.testkit.database import NotMigratedError, StackDatabase, database_copy, template_database

MESSAGING = Path(__file__).parents[1] / "messaging" / "migrations"
BROKEN = """
revision = "broken_0001"
down_revision = None
def upgrade() -> None:
    raise LookupError("no such table")
"""


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree where intake has migrations, those of tasks fail, and the others have none."""
    shutil.copytree(MESSAGING, tmp_path / "intake" / "migrations")
    shutil.copytree(MESSAGING, tmp_path / "tasks" / "migrations")
    versions = tmp_path / "tasks" / "migrations" / "versions"
    shutil.rmtree(versions)
    versions.mkdir()
    (versions / "0001_baseline.py").write_text(BROKEN)
    monkeypatch.setattr(migrations, "SERVICES_ROOT", tmp_path)
    return tmp_path


async def test_a_broken_migration_fails_its_own_service_alone(postgres_url: str, services: Path) -> None:
    async with template_database(postgres_url) as template:
        assert set(template.failures) == {"tasks", "assignment", "notifications"}
        async with template.open("intake") as database:
            assert await database.pool.fetchval("SELECT count(*) FROM outbox") == 0


async def test_the_reason_is_raised_where_the_tables_are_wanted(postgres_url: str, services: Path) -> None:
    async with template_database(postgres_url) as template:
        with pytest.raises(NotMigratedError) as raised:
            template.url("tasks")
    assert isinstance(raised.value.__cause__, LookupError)


async def test_a_copy_is_fresh_and_gone_afterwards(postgres_url: str, messaging_template: StackDatabase) -> None:
    for _ in range(2):
        async with database_copy(postgres_url, messaging_template) as copy, copy.open("intake") as database:
            await database.pool.execute("INSERT INTO stream (key, version) VALUES ('a', 1)")
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(copy.admin_url)
