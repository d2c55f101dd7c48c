"""Callbacks that come together are stored together: each is committed before its answer, a bad one fails alone."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg
import pytest

from libs.common.contracts.shared import MessageProgress
from libs.common.platform.db import Database
from services.notifications.channels.queries import channel_of_webhook
from services.notifications.providers.values import Reading, Remember, Report, ReportKind
from services.notifications.webhooks.batch import MOST, CallbackQueue
from services.notifications.webhooks.store import Body, Origin
from tests.notifications import support

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
TRANSACTIONS = "SELECT count(DISTINCT xmin::text) FROM callback"


@dataclass
class Sender:
    """A provider's channel, and what stores its callbacks."""

    db: Database
    queue: CallbackQueue
    origin: Origin

    def body(self, *ids: str, unreadable: tuple[str, ...] = ()) -> Body:
        return Body(self.origin, Reading([report(one) for one in ids], unreadable), b"{", NOW)

    async def store(self, *bodies: Body) -> list[BaseException | None]:
        return await asyncio.gather(*(self.queue.store(body) for body in bodies), return_exceptions=True)

    async def stored(self) -> set[str]:
        rows = await self.db.pool.fetch("SELECT provider_message_id FROM callback")
        return {row["provider_message_id"] for row in rows}


def report(external_id: str) -> Report:
    return Report(ReportKind.STATUS, external_id, NOW, "sent", {}, MessageProgress.SENT)


@pytest.fixture
async def sender(notifications_db: Database) -> Sender:
    await support.channel(notifications_db)
    row = await channel_of_webhook(notifications_db, "wazzup", support.HOOK_KEY)
    assert row is not None
    return Sender(notifications_db, CallbackQueue(notifications_db), Origin.of(row))


async def test_bodies_that_come_together_are_committed_together(sender: Sender) -> None:
    await sender.store(*(sender.body(f"m-{n}") for n in range(20)))
    assert (len(await sender.stored()), await sender.db.pool.fetchval(TRANSACTIONS)) == (20, 1)


async def test_a_body_is_answered_once_it_is_stored(sender: Sender) -> None:
    first = asyncio.create_task(sender.queue.store(sender.body("m-1")))
    await sender.queue.store(sender.body("m-2"))
    assert {"m-1", "m-2"} <= await sender.stored()
    await first


@pytest.mark.req("P.2")
async def test_one_body_that_the_database_refuses_fails_alone(sender: Sender) -> None:
    found = await sender.store(sender.body("m-1"), sender.body("m-\x00"), sender.body("m-3"))
    assert [type(error) for error in found] == [type(None), asyncpg.CharacterNotInRepertoireError, type(None)]
    assert await sender.stored() == {"m-1", "m-3"}


async def test_the_queue_goes_on_after_a_failure(sender: Sender) -> None:
    await sender.store(sender.body("m-\x00"))
    await sender.store(sender.body("m-2"))
    assert await sender.stored() == {"m-2"}


async def test_one_report_in_two_bodies_is_one(sender: Sender) -> None:
    await sender.store(sender.body("m-1", "m-1"), sender.body("m-1"))
    assert await sender.db.pool.fetchval("SELECT count(*) FROM callback") == 1


async def test_each_body_keeps_its_own_unreadable_parts(sender: Sender) -> None:
    await sender.store(
        sender.body("m-1", unreadable=("a",)), sender.body("m-2"), sender.body(unreadable=("b", "c"))
    )
    rows = await sender.db.pool.fetch("SELECT reason FROM unreadable ORDER BY reason")
    assert [row["reason"] for row in rows] == ["a", "b, c"]


async def test_bodies_that_are_large_do_not_share_a_transaction(sender: Sender) -> None:
    half = MOST // 2 + 1
    await sender.store(sender.body(*(f"a-{n}" for n in range(half))), sender.body(*(f"b-{n}" for n in range(half))))
    assert await sender.db.pool.fetchval(TRANSACTIONS) == 2


async def test_a_provider_that_hangs_up_does_not_stop_the_others(sender: Sender) -> None:
    hung_up = asyncio.create_task(sender.queue.store(sender.body("m-1")))
    other = asyncio.create_task(sender.queue.store(sender.body("m-2")))
    await asyncio.sleep(0)
    hung_up.cancel()
    await other
    assert "m-2" in await sender.stored()


async def test_wishes_in_bodies_that_came_together_are_all_kept(sender: Sender) -> None:
    wish = Report(ReportKind.PREFERENCE, "w", NOW, "stop", {}, address="79000000001", remember=Remember.OPTED_OUT)
    await sender.store(sender.body("m-1"), Body(sender.origin, Reading([wish]), b"", NOW))
    assert await sender.db.pool.fetchval("SELECT opted_out FROM address WHERE address = '79000000001'")
