"""`outbox.add` keeps the order per key, however callers use it (docs/adr/0002)."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import pytest

from libs.common.contracts import Cause, Outgoing
from libs.common.contracts.assignment import ShiftStarted
from libs.common.contracts.envelope import MAX_KEY
from libs.common.contracts.intake import LeadUpdated
from libs.common.contracts.shared import Customer, Language
from libs.common.messaging import outbox
from libs.common.messaging.outbox.add import MAX_BODY
from libs.common.platform.db import Database
from libs.common.platform.ids import uuid7

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SENT = "SELECT key, sequence, id FROM outbox ORDER BY id"


def event(key: str = "operator:1", event_id: UUID | None = None) -> Outgoing:
    data = ShiftStarted(operator_id=uuid7(), at=NOW)
    return Outgoing(key=key, desk="demo", time=NOW, data=data, cause=Cause.fresh(), event_id=event_id)


def event_of(size: int) -> Outgoing:
    person = Customer(name="x" * size)
    data = LeadUpdated(lead_id=uuid7(), person=person, language=Language.RU, zone="Europe/Moscow")
    return Outgoing(key="lead:1", desk="demo", time=NOW, data=data, cause=Cause.fresh())


async def store(db: Database, *events: Outgoing) -> None:
    async with db.begin() as tx:
        await outbox.add(tx, events)
        await tx.commit()


async def sequences(db: Database) -> list[tuple[str, int]]:
    return [(row["key"], row["sequence"]) for row in await db.pool.fetch(SENT)]


async def test_events_of_one_call_are_numbered_per_key_in_the_order_given(messaging_db: Database) -> None:
    await store(messaging_db, event("b"), event("a"), event("b"), event("b"))
    assert await sequences(messaging_db) == [("b", 1), ("a", 1), ("b", 2), ("b", 3)]


async def test_sequence_goes_on_after_the_sent_events_are_deleted(messaging_db: Database) -> None:
    await store(messaging_db, event(), event())
    await messaging_db.pool.execute("DELETE FROM outbox")
    await store(messaging_db, event())
    assert await sequences(messaging_db) == [("operator:1", 3)]


async def test_a_rollback_leaves_nothing_not_even_a_number(messaging_db: Database) -> None:
    async with messaging_db.begin() as tx:
        await outbox.add(tx, [event()])
    await store(messaging_db, event())
    assert await sequences(messaging_db) == [("operator:1", 1)]


async def test_a_second_writer_of_the_key_draws_its_id_after_the_first_commits(messaging_db: Database) -> None:
    async with messaging_db.begin() as first:
        await outbox.add(first, [event()])
        second = asyncio.create_task(store(messaging_db, event()))
        done, _ = await asyncio.wait([second], timeout=0.3)
        await first.commit()
    await second
    assert not done
    assert await sequences(messaging_db) == [("operator:1", 1), ("operator:1", 2)]


async def test_ids_and_sequences_of_each_key_ascend_together_under_many_writers(messaging_db: Database) -> None:
    barrier = asyncio.Barrier(6)

    async def writer(number: int) -> None:
        await barrier.wait()
        for turn in range(20):
            # Keys in opposite orders: what would deadlock if the statement did not sort them.
            keys = ["a", "b", "c"] if (number + turn) % 2 else ["c", "b", "a"]
            await store(messaging_db, *(event(key) for key in keys))

    await asyncio.gather(*(writer(number) for number in range(6)))
    rows = await sequences(messaging_db)
    assert {key: [n for k, n in rows if k == key] for key in "abc"} == {key: list(range(1, 121)) for key in "abc"}


async def test_row_holds_the_payload_and_its_cause(messaging_db: Database) -> None:
    sent = event(event_id=uuid7())
    await store(messaging_db, sent)
    row = await messaging_db.pool.fetchrow("SELECT event_id, type, correlation_id, body FROM outbox")
    assert row is not None
    assert tuple(row) == (
        sent.event_id,
        "dozvon.shift.started.v1",
        sent.cause.correlation_id,
        sent.data.model_dump_json().encode(),
    )


async def test_too_large_an_event_is_refused(messaging_db: Database) -> None:
    async with messaging_db.begin() as tx:
        with pytest.raises(outbox.UnsendableEventError, match=f"over {MAX_BODY}"):
            await outbox.add(tx, [event(), event_of(MAX_BODY)])


@pytest.mark.parametrize("key", ["", "lead:\x00", "k" * (MAX_KEY + 1)])
async def test_a_key_that_no_broker_or_table_would_take_is_refused(messaging_db: Database, key: str) -> None:
    async with messaging_db.begin() as tx:
        with pytest.raises(outbox.UnsendableEventError):
            await outbox.add(tx, [event(key)])


async def test_no_events_touch_no_table(messaging_db: Database) -> None:
    await store(messaging_db)
    assert await messaging_db.pool.fetchval("SELECT count(*) FROM stream") == 0


async def test_relay_is_woken_only_by_a_commit(messaging_db: Database) -> None:
    woken: list[str] = []
    messaging_db.wake_relay = lambda: woken.append("hint")
    async with messaging_db.begin() as tx:
        await outbox.add(tx, [event(), event()])
    assert woken == []
    await store(messaging_db, event(), event())
    assert woken == ["hint"]
