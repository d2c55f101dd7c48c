"""The suite's servers and the rule that unit tests open no sockets."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from pytest_socket import disable_socket, socket_allow_hosts

from libs.common.db import Database
from libs.common.db.migrations import migrate
from libs.common.testing.database import Copies, StackDatabase, empty_database, template_database
from libs.common.testing.servers import kafka_server, postgres_server

SERVER_FIXTURES = frozenset({"postgres_url", "kafka_bootstrap"})
LOOPBACK = ["127.0.0.1", "::1", "localhost"]


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A superuser's DSN of the run's PostgreSQL."""
    with postgres_server() as url:
        yield url


@pytest.fixture(scope="session")
def kafka_bootstrap() -> Iterator[str]:
    """The run's Kafka, `host:port`."""
    with kafka_server() as bootstrap:
        yield bootstrap


@pytest_asyncio.fixture(scope="session")
async def template_db(postgres_url: str) -> AsyncIterator[StackDatabase]:
    """The migrated schemas of all services; to be copied, not to be connected to."""
    async with template_database(postgres_url) as template:
        yield template


@pytest_asyncio.fixture(scope="session")
async def stack_copies(postgres_url: str, template_db: StackDatabase) -> AsyncIterator[Copies]:
    """Copies of the migrated schemas."""
    copies = Copies(postgres_url, template_db)
    yield copies
    await copies.close()


@pytest_asyncio.fixture
async def stack_db(stack_copies: Copies) -> AsyncIterator[StackDatabase]:
    """A fresh database with the schemas of all services: `.url(service)`, `.open(service)`."""
    async with stack_copies.one() as copy:
        yield copy


@pytest_asyncio.fixture
async def intake_db(stack_db: StackDatabase) -> AsyncIterator[Database]:
    """The opened database of intake."""
    async with stack_db.open("intake") as database:
        yield database


@pytest_asyncio.fixture
async def tasks_db(stack_db: StackDatabase) -> AsyncIterator[Database]:
    """The opened database of tasks, the same copy as the other services' of this test."""
    async with stack_db.open("tasks") as database:
        yield database


@pytest_asyncio.fixture
async def assignment_db(stack_db: StackDatabase) -> AsyncIterator[Database]:
    """The opened database of assignment, the same copy as the other services' of this test."""
    async with stack_db.open("assignment") as database:
        yield database


@pytest_asyncio.fixture
async def notifications_db(stack_db: StackDatabase) -> AsyncIterator[Database]:
    """The opened database of notifications, the same copy as the other services' of this test."""
    async with stack_db.open("notifications") as database:
        yield database


@pytest_asyncio.fixture(scope="session")
async def messaging_template(postgres_url: str) -> AsyncIterator[StackDatabase]:
    """The tables of outbox, inbox and dead letters in the schema of intake; to be copied."""
    async with empty_database(postgres_url) as url:
        template = StackDatabase(url, {})
        await migrate("intake", template.url("intake"), Path(__file__).parent / "common" / "messaging")
        yield template


@pytest_asyncio.fixture(scope="session")
async def messaging_copies(postgres_url: str, messaging_template: StackDatabase) -> AsyncIterator[Copies]:
    """Copies of the messaging tables."""
    copies = Copies(postgres_url, messaging_template)
    yield copies
    await copies.close()


@pytest_asyncio.fixture
async def messaging_db(messaging_copies: Copies) -> AsyncIterator[Database]:
    """An opened fresh database with the messaging tables alone."""
    async with messaging_copies.one() as copy, copy.open("intake") as database:
        yield database


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Open the loopback interface to tests that use servers, and only Unix sockets to all others."""
    uses_servers = not SERVER_FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))
    if uses_servers or item.get_closest_marker("servers"):
        socket_allow_hosts([*LOOPBACK, *_given_hosts()], allow_unix_socket=True)
    else:
        disable_socket(allow_unix_socket=True)


def _given_hosts() -> list[str]:
    bootstrap = os.environ.get("KAFKA_BOOTSTRAP", "").split(",")
    urls = [os.environ.get("POSTGRES_URL", ""), *(f"kafka://{server}" for server in bootstrap)]
    return [host for url in urls if (host := urlsplit(url).hostname)]
