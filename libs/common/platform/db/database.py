"""Pools and transactions (docs/adr: hot paths in plain SQL; commit before response).

Writes are plain SQL through an asyncpg pool: through SQLAlchemy's pool the same statement costs twice.
Reads that compose filters use SQLAlchemy Core. Both connect as the service's own role and see its schema
alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy
from sqlalchemy import Engine

from libs.common.platform.db.errors import connecting
from libs.common.platform.db.reading import Reading, dispose, reading, reading_engine

Connection: TypeAlias = "PoolConnectionProxy[asyncpg.Record]"
BeforeCommit: TypeAlias = Callable[[Connection], Awaitable[None]]

# The one thing that a commit does out of the use case's sight (docs/adr/0003): around a call with an
# Idempotency-Key, platform.http sets it to the settling of the key's claim, and each commit awaits it first.
before_commit: ContextVar[BeforeCommit | None] = ContextVar("before_commit", default=None)

# Connections rest for up to an hour; what translates addresses on the way forgets some in minutes.
KEPT_OPEN: Mapping[str, str] = MappingProxyType({"tcp_keepalives_idle": "60"})


@dataclass(frozen=True, slots=True)
class DatabaseConfig:
    """Where a service's schema is, and its limits. Time-outs are milliseconds."""

    url: str
    schema: str
    application: str = "dozvon"
    pool_size: int = 8
    read_pool_size: int = 4
    statement_timeout_ms: int = 15_000
    lock_timeout_ms: int = 5_000
    idle_in_transaction_timeout_ms: int = 30_000

    def server_settings(self) -> dict[str, str]:
        """Return the settings of each connection: its schema and its time-outs."""
        return {
            "application_name": self.application,
            "search_path": self.schema,
            "timezone": "UTC",
            "jit": "off",
            "statement_timeout": str(self.statement_timeout_ms),
            "lock_timeout": str(self.lock_timeout_ms),
            "idle_in_transaction_session_timeout": str(self.idle_in_transaction_timeout_ms),
            **KEPT_OPEN,
        }


# The server plans a statement with arrays anew at each call, which for one that writes ten tables takes longer than
# to run it; and a plan that was made while a table was empty reads all of it until the next ANALYZE.
PLANNED_ONCE = {"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off"}
_ANY_LENGTH = 0  # by default the driver prepares statements of over 15 KiB anew at each call


class _Kept(NamedTuple):
    """For how many seconds the driver keeps prepared statements, and connections that rest."""

    statements: int
    connections: float


_SHORTLY = _Kept(statements=300, connections=300.0)
# By key both are dear to make, and what a burst needs; the server makes plans anew after each ANALYZE by itself.
_BY_KEY = _Kept(statements=3600, connections=3600.0)


class Transaction:
    """One transaction of a use case. It rolls back unless `commit` was awaited."""

    def __init__(self, conn: Connection, wake_relay: Callable[[], None] | None = None) -> None:
        self.conn = conn
        self.wake_relay = wake_relay
        self._inner = conn.transaction()
        self._after_commit: dict[str, Callable[[], None]] = {}
        self.open = False

    async def start(self) -> None:
        await self._inner.start()
        self.open = True

    def after_commit(self, name: str, callback: Callable[[], None]) -> None:
        """Run `callback` once after a commit; a second one of the same name replaces the first."""
        self._after_commit[name] = callback

    async def commit(self) -> None:
        """Make everything durable, then run the callbacks (wake-ups only: they may get lost).

        First awaits what `before_commit` holds, in this transaction; what that raises leaves nothing committed.
        """
        if (settle := before_commit.get()) is not None:
            await settle(self.conn)
        self.open = False
        callbacks = self._forgotten()
        await self._inner.commit()
        for callback in callbacks:
            callback()

    async def rollback(self) -> None:
        self.open = False
        self._forgotten()
        await self._inner.rollback()

    def _forgotten(self) -> Sequence[Callable[[], None]]:
        """Forget and return the callbacks: one that knows of this transaction would keep both in memory."""
        callbacks, self._after_commit = [*self._after_commit.values()], {}
        return callbacks


class Database:
    """A service's pools. Open once in `app.py`, close at shutdown."""

    def __init__(
        self,
        config: DatabaseConfig,
        pool: asyncpg.Pool[asyncpg.Record],
        by_key: asyncpg.Pool[asyncpg.Record],
        engine: Engine,
    ) -> None:
        self.config = config
        self.pool = pool
        #: For statements that look rows up by key: the server plans each of them once. Not for walks through
        #: tables, nor for filters that may be absent.
        self.by_key = by_key
        self.engine = engine
        #: Runs after each commit that left events in the outbox: wakes the relay, or sends it a hint.
        self.wake_relay: Callable[[], None] | None = None

    @classmethod
    async def connect(cls, config: DatabaseConfig) -> Database:
        """Open the pools; that of statements by key connects when it is used first.

        Raises UnreachableError.
        """
        settings = config.server_settings()
        with connecting(config.url):
            pool = await _pool(config, settings, least=1)
        by_key = await _pool(config, {**settings, **PLANNED_ONCE}, least=0, kept=_BY_KEY)
        # The driver reads the URL in both pools: SQLAlchemy takes `sslmode` and the like for its own arguments.
        connect = partial(asyncpg.connect, config.url, server_settings=settings)
        engine = reading_engine(connect, config.read_pool_size)
        return cls(config, pool, by_key, engine)

    async def close(self) -> None:
        """Close the pools; connections still in use are given two seconds."""
        await dispose(self.engine)
        try:
            async with asyncio.timeout(2):
                await asyncio.gather(self.pool.close(), self.by_key.close())
        except TimeoutError:
            self.pool.terminate()
            self.by_key.terminate()

    @asynccontextmanager
    async def begin(self, *, by_key: bool = False) -> AsyncIterator[Transaction]:
        """Open a transaction that rolls back unless the use case commits it; `by_key`: of that pool."""
        async with (self.by_key if by_key else self.pool).acquire() as conn:
            tx = Transaction(conn, self.wake_relay)
            await tx.start()
            try:
                yield tx
            finally:
                if tx.open:
                    # A lost connection has rolled back already; its error must not hide the use case's own.
                    with suppress(asyncpg.InterfaceError, asyncpg.PostgresConnectionError):
                        await tx.rollback()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Reading]:
        """Give a SQLAlchemy connection for reads; it never commits."""
        async with reading(self.engine) as conn:
            yield conn


async def _pool(
    config: DatabaseConfig, settings: dict[str, str], *, least: int, kept: _Kept = _SHORTLY
) -> asyncpg.Pool[asyncpg.Record]:
    return await asyncpg.create_pool(
        config.url,
        min_size=least,
        max_size=config.pool_size,
        server_settings=settings,
        init=_prepare,
        reset=_keep_session,
        max_cacheable_statement_size=_ANY_LENGTH,
        max_cached_statement_lifetime=kept.statements,
        max_inactive_connection_lifetime=kept.connections,
        command_timeout=config.statement_timeout_ms / 1000 + 5,
    )


async def _prepare(conn: asyncpg.Connection[asyncpg.Record]) -> None:
    await conn.set_type_codec(
        "jsonb",
        encoder=lambda value: orjson.dumps(value).decode(),
        decoder=orjson.loads,
        schema="pg_catalog",
    )


async def _keep_session(_: object) -> None:
    """Skip the reset of a released connection: the driver's default is a round trip after every statement.

    There is nothing to reset. Settings are made at the start of a connection or local to a transaction, session
    locks and LISTEN use connections outside the pool, and the driver itself ends an open transaction.
    """
