"""Pools and transactions: a use case's work is kept only when it said so."""

from dataclasses import replace
from functools import partial

import asyncpg
import pytest
from sqlalchemy import text

from libs.common.platform.db import Database, DatabaseConfig
from tests.support.cycles import left_in_cycles

PUT = "INSERT INTO stream (key, version) VALUES ($1, 1)"
COUNT = "SELECT count(*) FROM stream"


async def test_nothing_is_kept_without_a_commit(messaging_db: Database) -> None:
    async with messaging_db.begin() as tx:
        await tx.conn.execute(PUT, "a")
    assert await messaging_db.pool.fetchval(COUNT) == 0


async def test_what_the_driver_knows_of_a_url_counts_for_reads_too(messaging_db: Database) -> None:
    url = messaging_db.config.url
    url += ("&" if "?" in url else "?") + "sslmode=disable"
    database = await Database.connect(replace(messaging_db.config, url=url))
    async with database.read() as conn:
        assert (await conn.execute(text(COUNT))).scalar() == 0
    await database.close()


async def test_an_error_after_a_statement_undoes_it(messaging_db: Database) -> None:
    async def use_case() -> None:
        async with messaging_db.begin() as tx:
            await tx.conn.execute(PUT, "a")
            raise LookupError

    with pytest.raises(LookupError):
        await use_case()
    assert await messaging_db.pool.fetchval(COUNT) == 0


async def test_committed_work_stays_and_its_callbacks_run_once_per_name(messaging_db: Database) -> None:
    ran: list[int] = []
    async with messaging_db.begin() as tx:
        await tx.conn.execute(PUT, "a")
        for number in (1, 2):
            tx.after_commit("hint", partial(ran.append, number))
        await tx.commit()
    assert await messaging_db.pool.fetchval(COUNT) == 1
    assert ran == [2]


@pytest.mark.parametrize("kept", [True, False])
async def test_a_transaction_and_what_it_was_to_call_end_with_it(messaging_db: Database, *, kept: bool) -> None:
    with left_in_cycles() as left:
        async with messaging_db.begin() as tx:
            tx.after_commit("itself", partial(getattr, tx, "open"))
            if kept:
                await tx.commit()
        del tx
    assert not left


async def test_a_lost_connection_is_named_and_not_used_again(messaging_db: Database) -> None:
    with pytest.raises(asyncpg.PostgresConnectionError):
        async with messaging_db.begin() as tx:
            await tx.conn.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    assert await messaging_db.pool.fetchval("SELECT 1") == 1


@pytest.mark.parametrize(("once", "plans"), [(True, [3, 0]), (False, [0, 3])])
async def test_a_statement_of_any_length_is_prepared_once_and_planned_as_declared(
    messaging_db: Database, *, once: bool, plans: list[int]
) -> None:
    database = await Database.connect(replace(messaging_db.config, pool_size=1))
    pool = database.by_key if once else database.pool
    long = f"SELECT * FROM stream WHERE key = ANY($1::text[]) /* {'-' * 40_000} */"
    for _ in range(3):
        await pool.fetch(long, ["a"])
    [found] = await pool.fetch("SELECT * FROM pg_prepared_statements WHERE length(statement) > 40000")
    await database.close()
    assert [found["generic_plans"], found["custom_plans"]] == plans


async def test_what_is_planned_once_while_a_table_is_empty_looks_rows_up_by_key(messaging_db: Database) -> None:
    async with messaging_db.begin(by_key=True) as tx:
        await tx.conn.execute("PREPARE looked_up (text[]) AS SELECT * FROM stream WHERE key = ANY($1)")
        plan = str(await tx.conn.fetch("EXPLAIN EXECUTE looked_up('{}')"))
    assert ("pk_stream" in plan, "Seq Scan" in plan) == (True, False)


async def test_jsonb_comes_and_goes_as_python_objects(messaging_db: Database) -> None:
    value = {"имя": "Аня", "n": [1, 2.5, None]}
    assert await messaging_db.pool.fetchval("SELECT $1::jsonb", value) == value


async def test_reads_never_commit(messaging_db: Database) -> None:
    async with messaging_db.read() as conn:
        await conn.execute(text("INSERT INTO stream (key, version) VALUES ('a', 1)"))
    assert await messaging_db.pool.fetchval(COUNT) == 0


@pytest.mark.parametrize("name", ["search_path", "timezone", "statement_timeout", "lock_timeout"])
async def test_both_pools_set_the_same_session(messaging_db: Database, name: str) -> None:
    show = f"SELECT current_setting('{name}')"
    async with messaging_db.read() as conn:
        assert (await conn.execute(text(show))).scalar_one() == await messaging_db.pool.fetchval(show)


async def test_a_statement_that_takes_too_long_is_cancelled(messaging_db: Database) -> None:
    config = DatabaseConfig(messaging_db.config.url, schema="intake", statement_timeout_ms=50)
    hasty = await Database.connect(config)
    with pytest.raises(asyncpg.QueryCanceledError):
        await hasty.pool.execute("SELECT pg_sleep(5)")
    await hasty.close()


def test_the_way_to_a_connection_that_rests_is_kept_open() -> None:
    """What translates addresses on the way forgets some in minutes; the first statement then hangs."""
    settings = DatabaseConfig("postgresql://127.0.0.1/db", schema="intake").server_settings()
    assert settings["tcp_keepalives_idle"] == "60"


async def test_commits_wait_for_the_disk(messaging_db: Database) -> None:
    assert await messaging_db.pool.fetchval("SELECT current_setting('synchronous_commit')") == "on"
