"""Messages that are not wanted any more: what has not left is stopped, what is under way says what happened."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from deploy.standins.faults import Failure, Mode
from libs.common.contracts import EventData
from libs.common.contracts.notifications import MessageDelivered, MessageFailed, MessageSent
from libs.common.contracts.tasks import MessageRequested
from libs.common.platform.clock import ManualClock
from libs.common.platform.db import Database
from libs.common.platform.ids import uuid7
from services.notifications.delivery import store
from tests.notifications.api import running_api
from tests.notifications.gateways import Gateways, open_gateways
from tests.notifications.support import LIMITS, apply, claim, expire, requested, settings, withdrawn, worker
from tests.support.patience import eventually

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
BOTH = ("whatsapp", "sms")
NOT_THERE = Failure(Mode.CODE, "BAD_CONTACT")
ROUNDS = 12


@pytest.fixture
async def desk(notifications_db: Database) -> AsyncIterator[Gateways]:
    """A desk with Wazzup and Twilio."""
    async with open_gateways(notifications_db, ["wazzup", "twilio"], clock=ManualClock(NOW)) as opened:
        yield opened


async def failures(desk: Gateways) -> list[tuple[str, str]]:
    return [(one.code, one.detail) for one in await desk.events() if isinstance(one, MessageFailed)]


async def sent(desk: Gateways) -> int:
    return await desk.accepted() + len(desk.texts("twilio"))


async def test_a_message_that_has_not_left_is_stopped(desk: Gateways) -> None:
    request = requested(channels=BOTH)
    await desk.request(request, withdrawn(request))
    async with worker(desk.context()):
        other = requested()
        await desk.request(other)
        await eventually(desk.states, lambda found: found[other.message_id] == "delivered")
    assert await failures(desk) == [("withdrawn", "whatsapp: withdrawn")]
    assert await sent(desk) == 1


async def test_a_request_that_comes_after_its_withdrawal_is_not_sent(desk: Gateways) -> None:
    request = requested()
    await desk.request(withdrawn(request))
    await desk.request(request)
    assert await failures(desk) == [("withdrawn", "it was withdrawn before its request came")]
    assert await desk.attempts() == []


async def test_a_withdrawal_that_comes_twice_or_for_nothing_does_no_harm(desk: Gateways) -> None:
    request = requested()
    await desk.request(withdrawn(requested()), withdrawn(requested()))
    for _ in range(2):
        await desk.request(request, withdrawn(request), withdrawn(request))
    assert await failures(desk) == [("withdrawn", "whatsapp: withdrawn")]


async def test_a_withdrawal_of_one_message_leaves_the_others(desk: Gateways) -> None:
    request, other = requested(), requested()
    await desk.request(request, other, withdrawn(request))
    async with worker(desk.context()):
        await eventually(desk.states, lambda found: found[other.message_id] == "delivered")
    assert (await desk.states())[request.message_id] == "failed"


async def test_a_message_that_is_under_way_says_what_happened(desk: Gateways) -> None:
    desk.standin.dice.failures.append(Failure(Mode.HANG, "0.3"))
    request = requested(channels=BOTH)
    async with worker(desk.context()):
        await desk.request(request)
        await eventually(desk.attempts, lambda states: states == ["sending"])
        await desk.request(withdrawn(request))
        await desk.until("delivered")
    assert [type(one) for one in await desk.events()] == [MessageSent, MessageDelivered]


async def test_a_message_that_is_refused_after_its_withdrawal_falls_no_further(desk: Gateways) -> None:
    request = requested(channels=BOTH)
    await desk.request(request)
    policies = settings(desk.url).policies
    assert len(await store.claim(desk.db, {}, LIMITS, policies, NOW)) == 1
    await desk.request(withdrawn(request))
    await desk.db.pool.execute("UPDATE attempt SET due_at = clock_timestamp()")
    desk.standin.dice.failures.append(NOT_THERE)
    async with worker(desk.context()):
        await desk.until("failed")
    assert (await failures(desk), await sent(desk)) == ([("withdrawn", "whatsapp: BAD_CONTACT")], 0)


@pytest.mark.parametrize("failure", [Failure(Mode.HTTP, "429", times=None), Failure(Mode.CODE, "BALANCE_IS_EMPTY")])
async def test_a_message_that_waits_after_a_call_is_stopped(desk: Gateways, failure: Failure) -> None:
    desk.standin.dice.failures.append(failure)
    request = requested()
    async with worker(desk.context()):
        await desk.request(request)
        await eventually(lambda: desk.rows("SELECT FROM attempt WHERE tries > 0 AND state = 'pending'"), bool)
        await desk.request(withdrawn(request))
        await desk.until("failed")
    assert (await failures(desk), await sent(desk)) == ([("withdrawn", "whatsapp: withdrawn")], 0)


async def test_a_message_that_waits_for_a_day_is_stopped(desk: Gateways) -> None:
    request = requested()
    await desk.request(request)
    await desk.db.pool.execute("UPDATE attempt SET state = 'held', not_before = $1", NOW + timedelta(days=1))
    await desk.request(withdrawn(request))
    assert await failures(desk) == [("withdrawn", "whatsapp: withdrawn")]


async def test_an_attempt_that_is_locked_at_its_withdrawal_is_stopped_afterwards(desk: Gateways) -> None:
    request = requested()
    await desk.request(request)
    async with desk.db.begin() as tx:  # a claim whose process dies
        await tx.conn.execute("SELECT FROM attempt FOR UPDATE")
        await desk.request(withdrawn(request))
        assert await failures(desk) == []
    await expire(desk.db)
    assert await failures(desk) == [("withdrawn", "whatsapp: withdrawn")]


async def at_once(*calls: object) -> None:
    """Start calls at the same moment, each by a connection of its own."""
    await asyncio.gather(*calls)  # type: ignore[call-overload]  # coroutines of any result


async def test_a_withdrawal_and_a_workers_claim_at_once_either_stop_or_send(desk: Gateways) -> None:
    for _ in range(ROUNDS):
        request, barrier = requested(), asyncio.Barrier(2)
        await desk.request(request)

        async def withdraw(request: MessageRequested = request, barrier: asyncio.Barrier = barrier) -> None:
            await barrier.wait()
            await desk.request(withdrawn(request))

        async def lease(barrier: asyncio.Barrier = barrier) -> None:
            await barrier.wait()
            await claim(desk.db)

        await at_once(withdraw(), lease())
    ends = await desk.rows(
        "SELECT DISTINCT m.state, a.state AS attempt FROM message m JOIN attempt a ON a.message_id = m.id"
    )
    assert {tuple(row) for row in ends} <= {("failed", "refused"), ("pending", "sending")}
    stopped = await desk.rows("SELECT FROM message WHERE state = 'failed'")
    assert len(await failures(desk)) == len(stopped)


async def test_a_request_and_its_withdrawal_at_once_send_nothing(desk: Gateways) -> None:
    for _ in range(ROUNDS):
        request, barrier = requested(), asyncio.Barrier(2)

        async def take(event: EventData, barrier: asyncio.Barrier = barrier) -> None:
            ctx = desk.context()
            await barrier.wait()
            await apply(ctx, event)
            await ctx.transport.close()

        await at_once(take(request), take(withdrawn(request)))
    assert {row["state"] for row in await desk.rows("SELECT state FROM message")} == {"failed"}
    assert [code for code, _ in await failures(desk)] == ["withdrawn"] * ROUNDS


async def test_the_api_shows_when_a_message_was_withdrawn(desk: Gateways) -> None:
    request = requested()
    await desk.request(request, withdrawn(request))
    async with running_api(desk.db) as api:
        shown = (await api.call("GET", f"/messages/{request.message_id}")).json()
        other = requested(message_id=uuid7())
        await desk.request(other)
        wanted = (await api.call("GET", f"/messages/{other.message_id}")).json()
    assert (shown["state"], shown["code"], shown["withdrawn_at"]) == ("failed", "withdrawn", "2026-03-02T09:00:00Z")
    assert wanted["withdrawn_at"] is None
