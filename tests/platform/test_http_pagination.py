"""Lists page by page: each row once, in order, by cursors that clients may keep over a release."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import Column, DateTime, Integer, MetaData, Table, Uuid, select

from libs.common.platform.db import Database
from libs.common.platform.http.pagination import Keyset, PageQuery, encode_cursor, paginate
from libs.common.platform.http.problems import Problem

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
CALL = Table(
    "call", MetaData(), Column("at", DateTime(timezone=True)), Column("id", Uuid), Column("number", Integer)
)
KEY = [CALL.c.at, CALL.c.id]
# As the release before made them: `["-at","2026-11-24T12:00:00+00:00","00000000-0000-0000-0000-000000000007"]` …
HELD = "WyItYXQiLCIyMDI2LTExLTI0VDEyOjAwOjAwKzAwOjAwIiwiMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDA3Il0"
NULL_ID = "WyItYXQiLCIyMDI2LTExLTI0VDEyOjAwOjAwKzAwOjAwIixudWxsXQ"  # … and the same with null for the id


@pytest_asyncio.fixture
async def calls(messaging_db: Database) -> AsyncIterator[Database]:
    """Seven calls, two or three in each minute."""
    await messaging_db.pool.execute("CREATE TABLE call (at timestamptz, id uuid, number int)")
    rows = [(NOON + timedelta(minutes=n // 3), UUID(int=n), n) for n in range(7)]
    await messaging_db.pool.executemany("INSERT INTO call VALUES ($1, $2, $3)", rows)
    yield messaging_db


async def walk(db: Database, order: str, limit: int) -> list[list[int]]:
    """Return the numbers of all pages."""
    pages, cursor, more = list[list[int]](), None, True
    while more:
        async with db.read() as conn:
            found = await paginate(conn, select(CALL), order, KEY, PageQuery(limit, cursor))
        pages.append([row["number"] for row in found.rows])
        cursor, more = found.next_cursor, found.next_cursor is not None
    return pages


@pytest.mark.parametrize(
    ("order", "limit", "pages"),
    [
        ("at", 3, [[0, 1, 2], [3, 4, 5], [6]]),
        ("-at", 2, [[6, 5], [4, 3], [2, 1], [0]]),
        ("at", 7, [[0, 1, 2, 3, 4, 5, 6]]),
    ],
)
async def test_every_row_comes_once_in_its_order(
    calls: Database, order: str, limit: int, pages: list[list[int]]
) -> None:
    assert await walk(calls, order, limit) == pages


async def test_a_row_that_came_meanwhile_moves_no_page(calls: Database) -> None:
    async with calls.read() as conn:
        first = await paginate(conn, select(CALL), "-at", KEY, PageQuery(limit=3))
        await calls.pool.execute("INSERT INTO call VALUES ($1, $2, 7)", NOON + timedelta(hours=1), UUID(int=7))
        second = await paginate(conn, select(CALL), "-at", KEY, PageQuery(3, first.next_cursor))
    assert [row["number"] for row in second.rows] == [3, 2, 1]


async def test_a_cursor_of_the_release_before_still_leads_on(calls: Database) -> None:
    assert encode_cursor("-at", [NOON, UUID(int=7)]) == HELD
    async with calls.read() as conn:
        found = await paginate(conn, select(CALL), "-at", KEY, PageQuery(2, HELD))
    assert [row["number"] for row in found.rows] == [2, 1]


@pytest.mark.parametrize("cursor", ["x", NULL_ID, encode_cursor("at", [NOON, UUID(int=7)]), HELD[:-4]])
async def test_what_is_no_cursor_of_the_list_is_400(calls: Database, cursor: str) -> None:
    async with calls.read() as conn:
        with pytest.raises(Problem, match="invalid_cursor") as refused:
            await paginate(conn, select(CALL), "-at", KEY, PageQuery(2, cursor))
    assert refused.value.status_code == 400


def test_a_plain_statement_is_given_the_key_and_one_row_more() -> None:
    keyset = Keyset("code", {"code": str, "desk": str})
    first = keyset.cut([{"code": "a", "desk": "x"}, {"code": "b", "desk": "x"}], PageQuery(limit=1))
    assert keyset.parameters(PageQuery(limit=1)) == (None, None, 2)
    assert keyset.parameters(PageQuery(1, first.next_cursor)) == ("a", "x", 2)
