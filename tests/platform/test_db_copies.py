"""A copy of a database is given out again: with the rows of its template, and only if its definitions are those."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from libs.common.testkit.copies import Copies
from libs.common.testkit.database import StackDatabase

TODAY = "CREATE TABLE inbox_someday PARTITION OF inbox FOR VALUES FROM ('2001-01-01') TO ('2001-01-02')"


@pytest.fixture
async def copies(postgres_url: str, messaging_template: StackDatabase) -> AsyncIterator[Copies]:
    made = Copies(postgres_url, messaging_template)
    yield made
    await made.close()


async def used(copies: Copies, statement: str) -> str:
    """Do something as a superuser in a copy; return its address."""
    async with copies.one() as copy:
        conn = await asyncpg.connect(copy.admin_url, server_settings={"search_path": "intake"})
        await conn.execute(statement)
    # It was left open and the server has ended it; collected before we know of that, it would warn in another test.
    conn.terminate()
    return copy.admin_url


async def asked(copies: Copies, query: str) -> object:
    """Ask the next copy."""
    async with copies.one() as copy, copy.open("intake") as database:
        return await database.pool.fetchval(query)


async def test_what_a_test_inserted_is_gone_and_numbers_begin_anew(copies: Copies) -> None:
    insert = "INSERT INTO journal (key, note) VALUES ('a', 'b')"
    first = await used(copies, f"{insert}; {insert}")
    assert await used(copies, insert) == first
    assert await asked(copies, "INSERT INTO journal (key, note) VALUES ('c', 'd') RETURNING id") == 1


async def test_what_a_test_deleted_is_there_again(copies: Copies) -> None:
    before = await asked(copies, "SELECT version_num FROM alembic_version")
    await used(copies, "DELETE FROM alembic_version")
    assert before is not None
    assert await asked(copies, "SELECT version_num FROM alembic_version") == before


async def test_what_a_service_adds_by_itself_is_dropped(copies: Copies) -> None:
    first = await used(copies, TODAY)
    assert await used(copies, TODAY) == first


@pytest.mark.parametrize("change", ["ALTER TABLE journal ADD COLUMN more text", "DROP TABLE journal"])
async def test_a_copy_with_other_definitions_is_not_given_again(copies: Copies, change: str) -> None:
    first = await used(copies, change)
    assert await asked(copies, "SELECT count(*) FROM journal WHERE note IS NULL") == 0
    assert await used(copies, "SELECT 1") != first
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(first)
