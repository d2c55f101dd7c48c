"""Alembic without its command line: each service's migrations, run by its own role in its own schema.

A migration runs in a transaction of its own, under lock and statement time-outs (CONTRIBUTING, *Migrations*): it
fails, and can be run again, rather than block the running release. asyncpg takes one statement per `op.execute`.
Alembic, and what of SQLAlchemy it needs, is loaded when it is used, which is to migrate: it is a tenth of a start,
and of a process's memory.
"""

from __future__ import annotations

import asyncio
import re
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from sqlalchemy import Connection, MetaData, NullPool

from libs.common.platform.db.database import KEPT_OPEN
from libs.common.platform.db.errors import connecting

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy.ext.asyncio import AsyncConnection

SERVICES_ROOT = Path(__file__).resolve().parents[4] / "services"

LOCK_TIMEOUT = "5s"
STATEMENT_TIMEOUT = "2min"
WAIT_FOR_OTHER_RUNNER = 300.0  # seconds
LOOK_AGAIN = 0.1

_TRY_TURN = "SELECT pg_try_advisory_lock(hashtext('dozvon migrations'), hashtext(current_schema()))"
_FOLLOWS = re.compile(r"""^down_revision = ["'](.+)["']$""", re.MULTILINE)
_CURRENT = "SELECT version_num FROM alembic_version"

# Alembic keeps its environment in module globals, so runs in one process are serialised.
_one_run = asyncio.Lock()


def migrations_path(service: str) -> Path:
    return SERVICES_ROOT / service / "migrations"


async def migrate(service: str, url: str, scripts: Path | None = None, to: str = "head") -> None:
    """Bring the schema of `service` to its newest revision; `url` connects as the service's own role.

    `scripts` is the folder of the alembic environment, the service's own by default. Runners in other
    processes wait for each other. Raises TimeoutError when another one runs for 5 minutes, and errors of alembic
    and the driver; committed migrations stay, and the next run continues from there.
    """
    from sqlalchemy.ext.asyncio import create_async_engine

    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=partial(asyncpg.connect, url, server_settings=_session(service)),
        poolclass=NullPool,
    )
    try:
        async with _one_run:
            with connecting(url):
                conn = await engine.connect()
            try:
                await _take_turn(conn)
                await conn.run_sync(_upgrade, scripts or migrations_path(service), to)
            finally:
                await conn.close()
    finally:
        await engine.dispose()


def run_env(metadata: MetaData) -> None:
    """Run a service's migrations on the connection that `migrate` opened; the body of its `env.py`."""
    from alembic import context

    connection: Connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


async def schema_ready(
    conn: asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record], scripts: Path
) -> bool:
    """Return whether the schema is the one that this code needs, or a newer release's."""
    try:
        current = await conn.fetchval(_CURRENT)
    except asyncpg.UndefinedTableError:
        return False
    return current is not None and current not in older_revisions(scripts)


@cache
def older_revisions(scripts: Path) -> frozenset[str]:
    """Return the revisions that this code can migrate from: those that another one follows.

    Read from the files: alembic, loaded for this alone, would be a twentieth of an API's memory.
    """
    files = (scripts / "versions").glob("*.py")
    return frozenset(older for file in files for older in _FOLLOWS.findall(file.read_text()))


def _session(service: str) -> dict[str, str]:
    return {
        "application_name": f"{service}-migrate",
        "search_path": service,
        "lock_timeout": LOCK_TIMEOUT,
        "statement_timeout": STATEMENT_TIMEOUT,
        **KEPT_OPEN,
    }


async def _take_turn(conn: AsyncConnection) -> None:
    # Polled: the snapshot of a waiting statement would block another runner's CREATE INDEX CONCURRENTLY.
    # A session lock, since that index is created outside a transaction.
    async with asyncio.timeout(WAIT_FOR_OTHER_RUNNER):
        while not (await conn.exec_driver_sql(_TRY_TURN)).scalar_one():
            await conn.rollback()
            await asyncio.sleep(LOOK_AGAIN)
        await conn.commit()


def _upgrade(connection: Connection, scripts: Path, to: str) -> None:
    from alembic import command

    config = _config(scripts)
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def _config(scripts: Path) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
