"""A database inside of one transaction: use cases run and commit as ever, and its owner keeps all of it or nothing.

What a rehearsal says is what the real thing does, because it is the real thing: the use case's own transactions and
statements are parts (savepoints) of the owner's transaction, which is rolled back.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import TypeVar, cast

import asyncpg

from libs.common.platform.db.database import Connection, Database, Transaction

T = TypeVar("T")


class Nested(Database):
    """The database within an open transaction.

    `read` is the exception: it sees what is committed alone. What a commit would call is called once the owner
    commits.
    """

    def __init__(self, db: Database, tx: Transaction) -> None:
        parts = cast("asyncpg.Pool[asyncpg.Record]", _Parts(tx.conn))
        super().__init__(db.config, parts, parts, db.engine)
        self._tx = tx
        if tx.wake_relay is not None:
            self.wake_relay = partial(tx.after_commit, "relay", tx.wake_relay)

    @asynccontextmanager
    async def begin(self, *, by_key: bool = False) -> AsyncIterator[Transaction]:
        """Open a part of the transaction; it is taken back unless the use case commits it."""
        del by_key  # planned as the owner's are
        part = _Part(self._tx)
        await part.start()
        try:
            yield part
        finally:
            if part.open:
                await part.rollback()


class _Part(Transaction):
    """A part of a transaction: its commit makes nothing durable, and settles no idempotency key."""

    def __init__(self, whole: Transaction) -> None:
        super().__init__(whole.conn, whole.wake_relay)
        self._whole = whole

    def after_commit(self, name: str, callback: Callable[[], None]) -> None:
        self._whole.after_commit(name, callback)

    async def commit(self) -> None:
        self.open = False
        await self._inner.commit()


class _Parts:
    """What use cases ask of a pool. Each statement is a part: one that fails leaves the transaction usable."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def transaction(self) -> AbstractAsyncContextManager[object]:
        return self._conn.transaction()

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Connection]:
        yield self._conn

    async def fetch(self, query: str, *args: object) -> list[asyncpg.Record]:
        return await self._apart(self._conn.fetch(query, *args))

    async def fetchrow(self, query: str, *args: object) -> asyncpg.Record | None:
        return await self._apart(self._conn.fetchrow(query, *args))

    async def fetchval(self, query: str, *args: object) -> object:
        return await self._apart(self._conn.fetchval(query, *args))

    async def execute(self, query: str, *args: object) -> str:
        return await self._apart(self._conn.execute(query, *args))

    async def _apart(self, statement: Awaitable[T]) -> T:
        async with self._conn.transaction():
            return await statement
