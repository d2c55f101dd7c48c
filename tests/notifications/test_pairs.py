"""Messages to one address by one channel: one at a time, in order of request, as far apart as its provider asks."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest

from libs.common.connect.command.rules import Outcome, Verdict
from libs.common.contracts.shared import Customer, Identity, IdentityKind
from libs.common.platform.db import Database
from services.notifications.delivery.store import COMMANDS, Claim, Result
from services.notifications.settings import NotificationsSettings
from tests.notifications.api import running_api
from tests.notifications.gateways import Gateways, open_gateways
from tests.notifications.support import LIMITS, claim, record, requested, settings, worker

SECONDS = "UPDATE attempt SET due_at = due_at - $1::interval, offered_at = offered_at - $1::interval"
INTERVAL = 6
ANNA, BORIS = "+79000000001", "+79000000002"

pytestmark = pytest.mark.req("P.14")


@pytest.fixture
async def desk(notifications_db: Database) -> AsyncIterator[Gateways]:
    """A desk at WhatsApp, which takes a message in six seconds to one address."""
    async with open_gateways(notifications_db, ["whatsapp_cloud"]) as opened:
        yield opened


async def asked(desk: Gateways, *phones: str) -> list[UUID]:
    requests = [requested(person=Customer(name="Анна", phone=phone)) for phone in phones]
    await desk.request(*requests)
    return [request.message_id for request in requests]


async def claimed(desk: Gateways) -> Sequence[Claim]:
    await desk.rows("UPDATE pace SET free_at = clock_timestamp() - interval '1 hour'")
    return await claim(desk.db)


def messages(claims: Sequence[Claim]) -> list[UUID]:
    return sorted(one.details.message_id for one in claims)


async def passes(desk: Gateways, seconds: float) -> None:
    await desk.rows(SECONDS, timedelta(seconds=seconds))


async def accept(desk: Gateways, one: Claim) -> None:
    await record(desk.db, Result(one, Outcome(Verdict.ACCEPTED, external_id=str(one.command_id))))


async def test_one_goes_to_an_address_at_a_time_and_the_next_after_the_interval(desk: Gateways) -> None:
    first, second, other = await asked(desk, ANNA, ANNA, BORIS)
    found = await claimed(desk)
    assert messages(found) == [first, other]
    async with running_api(desk.db) as api:
        shown = {one["id"]: one["held_for"] for one in (await api.call("GET", "/messages")).json()["items"]}
    assert shown == {str(first): None, str(second): "pace", str(other): None}
    assert await claimed(desk) == []  # it is under way
    await accept(desk, next(one for one in found if one.details.message_id == first))
    assert await claimed(desk) == []
    await passes(desk, INTERVAL)
    assert messages(await claimed(desk)) == [second]


async def test_what_comes_while_an_earlier_one_is_tried_again_waits_for_it(desk: Gateways) -> None:
    first, second = await asked(desk, ANNA, ANNA)
    [one] = await claimed(desk)
    await record(desk.db, Result(one, Outcome(Verdict.RETRY, "131016", delay=60.0)))
    await passes(desk, INTERVAL)
    assert await claimed(desk) == []
    await passes(desk, 60)
    assert messages(await claimed(desk)) == [first]
    assert second in await desk.states()


async def test_two_workers_at_once_send_one_to_an_address(desk: Gateways) -> None:
    first, second = await asked(desk, ANNA, ANNA)
    await desk.rows("UPDATE pace SET free_at = clock_timestamp() - interval '1 hour'")
    policies, met = list(settings("http://127.0.0.1:9").policies.values()), asyncio.Barrier(2)

    async def work() -> list[UUID]:
        async with desk.db.begin() as tx:
            await met.wait()
            _, rows = await COMMANDS.claim(tx, {}, LIMITS, policies, datetime.now(UTC))
            await tx.commit()
        return [row["message_id"] for row in rows]

    assert [one for found in await asyncio.gather(work(), work()) for one in found] == [first]
    assert second in await desk.states()


async def test_a_provider_without_such_a_limit_takes_all_at_once(notifications_db: Database) -> None:
    async with open_gateways(notifications_db, ["wazzup"]) as desk:
        asked_for = await asked(desk, ANNA, ANNA)
        assert messages(await claimed(desk)) == asked_for


async def test_a_worker_sends_all_to_an_address_in_the_order_of_request(
    notifications_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = replace(settings("http://127.0.0.1:9").policies["telegram"], pair_interval=timedelta(milliseconds=50))
    monkeypatch.setattr(NotificationsSettings, "policies", {"telegram": quick})
    chat = Customer(name="Анна", identities=(Identity(kind=IdentityKind.TELEGRAM, value="700100"),))
    numbers = [str(number) for number in range(3)]
    by_bot = [requested(person=chat, channels=("telegram",), variables={"order_number": n}) for n in numbers]
    async with open_gateways(notifications_db, ["telegram"]) as bot:
        await bot.request(*by_bot)
        async with worker(bot.context()):
            await bot.until("accepted")
        assert [text.split("Заказ ")[1].split()[0] for text in bot.texts("telegram")] == numbers


async def test_a_claim_looks_the_pair_up_by_its_index(desk: Gateways) -> None:
    nothing = "'{}', '{}', 16, '{}', '{}', '1 s', now(), NULL, '{}'"
    await asked(desk, *(f"+7900{number:07}" for number in range(300)))
    async with desk.db.pool.acquire() as conn, conn.transaction():
        await conn.execute("UPDATE attempt SET state = 'accepted', offered_at = due_at - interval '1 day'")
        await conn.execute("ANALYZE attempt")
        await conn.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        await conn.execute(f"PREPARE tried AS {COMMANDS.claiming}")
        plan = [row[0] for row in await conn.fetch(f"EXPLAIN EXECUTE tried({nothing})")]
        await conn.execute("DEALLOCATE tried")
    used = [after for line, after in pairwise(plan) if "ix_attempt_pair" in line]
    assert [all(word in line for word in ("channel_id", "address", "CASE", "paired_since")) for line in used] == [
        True
    ]
