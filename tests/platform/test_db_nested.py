"""A database inside of a transaction: its owner keeps all of what use cases have committed, or nothing."""

import asyncpg
import pytest

from libs.common.platform.db import Database
from libs.common.platform.db.database import before_commit
from libs.common.platform.db.nested import Nested

ADD = "INSERT INTO thing (n) VALUES ($1)"


@pytest.fixture
async def db(intake_db: Database) -> Database:
    await intake_db.pool.execute("CREATE TABLE thing (n int PRIMARY KEY)")
    return intake_db


async def things(db: Database) -> list[int]:
    return [row["n"] for row in await db.pool.fetch("SELECT n FROM thing ORDER BY n")]


async def use(db: Database) -> list[int]:
    """Commit one thing, take another back, and fail to add the first again."""
    async with db.begin() as tx:
        await tx.conn.execute(ADD, 1)
        await tx.commit()
    async with db.begin() as tx:
        await tx.conn.execute(ADD, 2)
    with pytest.raises(asyncpg.UniqueViolationError):
        await db.pool.execute(ADD, 1)
    await db.pool.fetchrow(ADD, 3)
    return await things(db)


@pytest.mark.parametrize(("keep", "kept"), [(True, [1, 3]), (False, [])])
async def test_the_owner_keeps_all_or_nothing(db: Database, keep: bool, kept: list[int]) -> None:
    async with db.begin() as tx:
        seen = await use(Nested(db, tx))
        if keep:
            await tx.commit()
    assert (seen, await things(db)) == ([1, 3], kept)


async def test_what_a_commit_calls_is_called_once_the_owner_commits(db: Database) -> None:
    called: list[str] = []
    db.wake_relay = lambda: called.append("relay")
    async with db.begin() as tx:
        nested = Nested(db, tx)
        async with nested.begin() as part:
            part.after_commit("own", lambda: called.append("own"))
            await part.commit()
        assert nested.wake_relay is not None
        nested.wake_relay()
        before = list(called)
        await tx.commit()
    assert (before, sorted(called)) == ([], ["own", "relay"])


async def test_a_part_settles_no_idempotency_key(db: Database) -> None:
    settled: list[object] = []

    async def settle(conn: object) -> None:
        settled.append(conn)

    token = before_commit.set(settle)
    try:
        async with db.begin() as tx:
            await use(Nested(db, tx))
    finally:
        before_commit.reset(token)
    assert settled == []
