"""A template database made by our own migrations once per run, and a copy of it per test."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from libs.common.platform.db import Database, DatabaseConfig
from libs.common.platform.db.migrations import migrate, migrations_path
from libs.common.platform.db.roles import SERVICES, ensure_roles, service_url

PASSWORD = "only-in-tests"  # noqa: S105 - guards nothing; a server in a container insists on one

# Sessions of this database that wait for a lock; other tests use other databases of the server.
BLOCKED = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()
"""

# No checkpoint, unlike FILE_COPY: for a database of a few megabytes twice as fast.
_COPY = 'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY wal_log'
_DROP = 'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'

# Roles belong to the server, and PostgreSQL refuses concurrent changes of one: parallel workers are serialised.
_TURN = "SELECT pg_advisory_lock(7031)"


class NotMigratedError(RuntimeError):
    """The service has no migrations, or they failed, so a test cannot get its tables."""


@dataclass(frozen=True, slots=True)
class StackDatabase:
    """One database with the schemas of all services; `failures` holds why one has none."""

    admin_url: str
    failures: dict[str, Exception]

    def url(self, service: str) -> str:
        """Return the DSN of a service's own role. Raises NotMigratedError when its schema is not there."""
        if service in self.failures:
            raise NotMigratedError(f"no tables of {service}") from self.failures[service]
        return service_url(self.admin_url, service, PASSWORD)

    @asynccontextmanager
    async def open(self, service: str) -> AsyncIterator[Database]:
        config = DatabaseConfig(self.url(service), schema=service, application=f"{service}-test")
        database = await Database.connect(config)
        try:
            yield database
        finally:
            await database.close()


@asynccontextmanager
async def empty_database(server_url: str) -> AsyncIterator[str]:
    """Make a database with roles and schemas and give the admin's DSN; drop it after the block."""
    async with _database(server_url, "template0") as url:
        turn = await asyncpg.connect(server_url)
        try:
            await turn.execute(_TURN)
            await ensure_roles(url, dict.fromkeys(SERVICES, PASSWORD))
        finally:
            await turn.close()
        yield url


@asynccontextmanager
async def template_database(server_url: str, services: Sequence[str] = SERVICES) -> AsyncIterator[StackDatabase]:
    """Make a database with the migrations of `services` applied; close every connection to it before copying."""
    async with empty_database(server_url) as url:
        failures: dict[str, Exception] = {}
        for service in services:
            try:
                await _migrate(service, url)
            except Exception as error:  # noqa: BLE001 - kept, and raised in the tests of that service alone
                failures[service] = error
        yield StackDatabase(url, failures)


@asynccontextmanager
async def database_copy(server_url: str, template: StackDatabase) -> AsyncIterator[StackDatabase]:
    """Make a copy of the template; drop it after the block, with its open connections."""
    async with _database(server_url, _name(template.admin_url)) as url:
        yield StackDatabase(url, template.failures)


class Templates:
    """Databases with one service's tables each, made when the first test asks for them."""

    def __init__(self, server_url: str) -> None:
        self._server_url = server_url
        self._stack = AsyncExitStack()
        self._copies: dict[str, Copies] = {}

    async def copies(self, service: str) -> "Copies":
        if service not in self._copies:
            template = await self._stack.enter_async_context(template_database(self._server_url, [service]))
            self._copies[service] = Copies(self._server_url, template)
            self._stack.push_async_callback(self._copies[service].close)
        return self._copies[service]

    async def close(self) -> None:
        await self._stack.aclose()


class Copies:
    """Copies of a template for one test after the other: the next is made while a test has the one before."""

    def __init__(self, server_url: str, template: StackDatabase) -> None:
        self._server_url, self._template = server_url, template
        self._next: asyncio.Task[str] | None = None

    @asynccontextmanager
    async def one(self) -> AsyncIterator[StackDatabase]:
        """Give a copy; drop it after the block, with its open connections."""
        name = await (self._next or self._make())
        self._next = asyncio.create_task(self._make())
        try:
            yield StackDatabase(_url(self._server_url, name), self._template.failures)
        finally:
            await _execute(self._server_url, _DROP.format(name=name))

    async def close(self) -> None:
        if self._next is not None:
            await _execute(self._server_url, _DROP.format(name=await self._next))

    async def _make(self) -> str:
        return await _create(self._server_url, _name(self._template.admin_url))


async def _migrate(service: str, url: str) -> None:
    if not (migrations_path(service) / "env.py").exists():
        raise FileNotFoundError(f"{service} has no migrations")
    await migrate(service, service_url(url, service, PASSWORD))


@asynccontextmanager
async def _database(server_url: str, template: str) -> AsyncIterator[str]:
    name = await _create(server_url, template)
    try:
        yield _url(server_url, name)
    finally:
        await _execute(server_url, _DROP.format(name=name))


async def _create(server_url: str, template: str) -> str:
    name = f"dozvon_test_{secrets.token_hex(8)}"
    await _execute(server_url, _COPY.format(name=name, template=template))
    return name


def _url(server_url: str, name: str) -> str:
    return urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))


async def _execute(url: str, statement: str) -> None:
    conn = await asyncpg.connect(url)
    try:
        await conn.execute(statement)
    finally:
        await conn.close()


def _name(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")
