"""The tables that the code declares are the tables that the migrations make."""

from importlib import import_module

import pytest
from sqlalchemy import MetaData

from libs.common.messaging.inbox.tables import inbox_tables
from libs.common.messaging.outbox.tables import outbox_tables
from libs.common.platform.db import Database
from libs.common.platform.db.naming import NAMING
from libs.common.platform.db.roles import SERVICES
from libs.common.platform.http.idempotency import idempotency_table
from libs.common.testkit.database import StackDatabase, empty_database
from libs.common.testkit.drift import catalogue, create_all

# Tables that know of no desk, and why.
TECHNICAL = {
    "stream": "a key belongs to one desk, and its events carry it",
    "inbox": "event ids only",
    "idempotency": "callers, some of several desks",
    "audit": "one answer may show customers of several desks: `desks` names them",
    "edit": "addresses of resources: a desk's are refused to others before they are read",
    "stream_ticket": "callers, some of several desks",
    "channel_minute": "numbers of a channel, which has a desk",
    "pace": "one provider account may serve several desks",
    "forgotten_key": "what is made by it are names of messages, which have a desk",
}
RELOPTIONS = "SELECT array_to_string(reloptions, ' ') FROM pg_class WHERE relname = $1"


def messaging() -> MetaData:
    metadata = MetaData(naming_convention=NAMING)
    outbox_tables(metadata)
    inbox_tables(metadata)
    idempotency_table(metadata)
    return metadata


async def migrated(messaging_db: Database) -> list[str]:
    await messaging_db.pool.execute("DROP TABLE journal")  # the tests' own
    return await catalogue(messaging_db.config.url, "intake")


async def declared(postgres_url: str, service: str, metadata: MetaData) -> list[str]:
    async with empty_database(postgres_url) as admin_url:
        url = StackDatabase(admin_url, {}).url(service)
        await create_all(url, service, metadata)
        return await catalogue(url, service)


async def test_messaging_tables_are_what_the_baseline_makes(postgres_url: str, messaging_db: Database) -> None:
    assert await migrated(messaging_db) == await declared(postgres_url, "intake", messaging())


@pytest.mark.parametrize("service", SERVICES)
async def test_declared_tables_are_the_migrated_ones(
    postgres_url: str, stack_db: StackDatabase, service: str
) -> None:
    metadata = import_module(f"services.{service}.schema").metadata
    assert await catalogue(stack_db.url(service), service) == await declared(postgres_url, service, metadata)


@pytest.mark.parametrize("service", SERVICES)
async def test_every_business_table_carries_its_desk(stack_db: StackDatabase, service: str) -> None:
    lines = await catalogue(stack_db.url(service), service)
    tables = {line.split(".")[0] for line in lines if "." in line.split(" ")[0]}
    desks = {line.split(".")[0] for line in lines if line.split(" ")[0].endswith(".desk")}
    assert tables - desks - TECHNICAL.keys() == set()


@pytest.mark.parametrize("table", ["outbox", "stream"])
async def test_dead_rows_of_busy_tables_are_cleared_early(messaging_db: Database, table: str) -> None:
    assert "autovacuum_vacuum_scale_factor=0.01" in await messaging_db.pool.fetchval(RELOPTIONS, table)


async def test_a_missing_column_is_seen(postgres_url: str, messaging_db: Database) -> None:
    await messaging_db.pool.execute("ALTER TABLE parked DROP COLUMN note")
    found = await migrated(messaging_db)
    assert set(await declared(postgres_url, "intake", messaging())) - set(found) == {"parked.note text"}
