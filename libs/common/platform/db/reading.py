"""SQLAlchemy Core over asyncpg, without its asyncio extension: that loads the ORM, 7 MB of each process.

What is left of the extension is a greenlet per call, in which Core runs and awaits the driver.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar, overload

import orjson
from sqlalchemy import create_engine
from sqlalchemy.util import greenlet_spawn

if TYPE_CHECKING:
    from collections.abc import Awaitable

    import asyncpg
    from sqlalchemy import Connection as CoreConnection
    from sqlalchemy import CursorResult, Engine, Executable
    from sqlalchemy.sql.selectable import TypedReturnsRows
    from typing_extensions import TypeVarTuple

    Ts = TypeVarTuple("Ts")

T = TypeVar("T")


class Reading:
    """A connection for reads that compose filters; results are read whole."""

    __slots__ = ("_conn",)

    def __init__(self, conn: CoreConnection) -> None:
        self._conn = conn

    @overload
    async def execute(self, statement: TypedReturnsRows[*Ts]) -> CursorResult[*Ts]: ...

    @overload
    async def execute(self, statement: Executable) -> CursorResult[*tuple[Any, ...]]: ...

    async def execute(self, statement: Executable) -> CursorResult[*tuple[Any, ...]]:
        """Run a statement and return its rows."""
        return await greenlet_spawn(self._conn.execute, statement)

    @property
    def engine(self) -> Engine:
        """The pool of the connection, whose dialect a statement is written in."""
        return self._conn.engine

    async def scalar(self, statement: Executable) -> Any:  # noqa: ANN401 - as Core says it
        """Return the first column of the first row, None without a row."""
        return await greenlet_spawn(self._conn.scalar, statement)


def reading_engine(connect: Callable[[], Awaitable[asyncpg.Connection[asyncpg.Record]]], pool_size: int) -> Engine:
    """Return a pool of at most `pool_size` connections that `connect` opens; see `reading`."""

    def creator() -> object:
        return engine.dialect.loaded_dbapi.connect(async_creator_fn=connect)

    engine = create_engine(
        "postgresql+asyncpg://",
        creator=creator,
        pool_size=pool_size,
        max_overflow=0,
        pool_pre_ping=False,
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
    )
    return engine


@asynccontextmanager
async def reading(engine: Engine) -> AsyncIterator[Reading]:
    """Take a connection for the block; nothing is committed."""
    conn = await greenlet_spawn(engine.connect)
    try:
        yield Reading(conn)
    finally:
        # A reader that is cancelled meanwhile still gives it back.
        await asyncio.shield(asyncio.ensure_future(greenlet_spawn(conn.close)))


async def dispose(engine: Engine) -> None:
    """Close the connections of the pool."""
    await greenlet_spawn(engine.dispose)
