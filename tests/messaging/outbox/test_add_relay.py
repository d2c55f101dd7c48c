"""`outbox.add` as the relay relies on it: no deadlocks, one wake-up after the commit."""

import asyncio

from libs.common.messaging import outbox
from libs.common.platform.db import Database
from libs.common.testkit.messaging import emit, status_event


async def test_two_transactions_with_the_same_keys_in_other_order_do_not_deadlock(messaging_db: Database) -> None:
    async def batch(keys: list[str]) -> None:
        for _ in range(20):
            await emit(messaging_db, [status_event(key, "x") for key in keys])

    await asyncio.gather(batch(["a", "b", "c"]), batch(["c", "b", "a"]), batch(["b", "c", "a"]))
    assert await messaging_db.pool.fetchval("SELECT sum(version)::int FROM stream") == 180


async def test_the_relay_is_woken_once_after_the_commit_and_not_without_it(messaging_db: Database) -> None:
    woken: list[str] = []
    messaging_db.wake_relay = lambda: woken.append("now")
    async with messaging_db.begin() as tx:
        await outbox.add(tx, [status_event("a", "1")])
        await outbox.add(tx, [status_event("a", "2")])
        assert woken == []
        await tx.commit()
    async with messaging_db.begin() as tx:
        await outbox.add(tx, [status_event("a", "3")])
    assert woken == ["now"]
