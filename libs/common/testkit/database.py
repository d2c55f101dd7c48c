"""Databases made by our own migrations, and copies of them."""

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
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
    async with _database(server_url, name_of(template.admin_url)) as url:
        yield StackDatabase(url, template.failures)


async def _migrate(service: str, url: str) -> None:
    if not (migrations_path(service) / "env.py").exists():
        raise FileNotFoundError(f"{service} has no migrations")
    await migrate(service, service_url(url, service, PASSWORD))


@asynccontextmanager
async def _database(server_url: str, template: str) -> AsyncIterator[str]:
    name = await create(server_url, template)
    try:
        yield database_url(server_url, name)
    finally:
        await drop(server_url, name)


async def create(server_url: str, template: str) -> str:
    """Copy a database without connections; return the name of the copy."""
    name = f"dozvon_test_{secrets.token_hex(8)}"
    await execute(server_url, _COPY.format(name=name, template=template))
    return name


async def drop(server_url: str, name: str) -> None:
    """Drop a database with the connections that are open to it."""
    await execute(server_url, _DROP.format(name=name))


def database_url(server_url: str, name: str) -> str:
    """Return the DSN of another database of the same server."""
    return urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))


async def execute(url: str, statement: str) -> None:
    """Execute a statement on a connection of its own."""
    conn = await asyncpg.connect(url)
    try:
        await conn.execute(statement)
    finally:
        await conn.close()


def name_of(url: str) -> str:
    """Return the database that a DSN names."""
    return urlsplit(url).path.removeprefix("/")
