"""Workers that die between the rungs: nobody goes without their message, and nobody gets two."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count

import pytest

from deploy.standins.faults import Failure, Mode
from libs.common.connect.command.rules import Outcome, Verdict
from libs.common.platform import faultpoints
from libs.common.platform.clock import ManualClock
from libs.common.platform.db import Database
from services.notifications.context import Context
from tests.notifications.gateways import QUICK, Gateways, open_gateways
from tests.notifications.support import approved_template, requested, worker
from tests.support.patience import PATIENCE, eventually

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
BOTH = ("whatsapp", "sms")
NOT_THERE = Failure(Mode.CODE, "BAD_CONTACT")
REGISTERED = {"name": "order_new", "languages": {"ru": "ru"}, "parameters": [], "buttons": [], "marketing": False}


@pytest.fixture
async def desk(notifications_db: Database) -> AsyncIterator[Gateways]:
    """A desk with Wazzup and Twilio."""
    async with open_gateways(notifications_db, ["wazzup", "twilio"], clock=ManualClock(NOW)) as opened:
        yield opened


async def crash_at(
    desk: Gateways, monkeypatch: pytest.MonkeyPatch, point: str, states: Sequence[str], nth: int = 1
) -> None:
    """Let a worker die at the nth pass of a point, and all that it does after it; attempts are in `states` then."""
    died, passes = asyncio.Event(), count(1)

    def die(name: str) -> None:
        if died.is_set() or (name == point and next(passes) == nth):
            died.set()
            raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(faultpoints, "reach", die)
        async with worker(desk.context()):
            await asyncio.wait_for(died.wait(), PATIENCE)
            await eventually(desk.attempts, lambda found: found == list(states))


@pytest.mark.req("P.1")
@pytest.mark.parametrize("point", ["sender.sent", "ladder.falling"])
async def test_a_crash_after_the_messengers_refusal_loses_no_message_and_sends_one_sms(
    desk: Gateways, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    desk.standin.dice.failures.append(replace(NOT_THERE, times=2))
    await desk.request(requested(channels=BOTH))
    await crash_at(desk, monkeypatch, point, ["sending"])
    async with worker(desk.context()):
        await desk.until("delivered")
    assert (len(desk.texts("twilio")), await desk.accepted()) == (1, 0)


@pytest.mark.req("P.1")
async def test_a_crash_while_a_late_failure_is_applied_sends_one_sms(
    notifications_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_gateways(notifications_db, ["whatsapp_cloud", "twilio"], clock=ManualClock(NOW)) as desk:
        await approved_template(notifications_db, variants={"whatsapp": {"registered": REGISTERED}})
        desk.gateways["whatsapp_cloud"].dice.failures.append(Failure(Mode.STATUS, "131026"))
        await desk.request(requested(channels=BOTH))
        await crash_at(desk, monkeypatch, "ladder.falling", ["accepted"])
        async with worker(desk.context()):
            await desk.until("delivered")
        assert (len(desk.texts("twilio")), await desk.attempts()) == (1, ["refused", "accepted"])


@pytest.mark.req("P.1")
async def test_a_crash_after_the_sms_was_taken_sends_it_once(
    desk: Gateways, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.standin.dice.failures.append(NOT_THERE)
    await desk.request(requested(channels=BOTH))
    await crash_at(desk, monkeypatch, "sender.sent", ["refused", "sending"], nth=2)
    async with worker(desk.context()):
        await desk.until("delivered")
    assert len(desk.texts("twilio")) == 1


async def _taken(desk: Gateways) -> int:
    return len(desk.texts("twilio"))


@pytest.mark.req("P.1", "P.2")
@pytest.mark.parametrize("seed", [1, 2])
async def test_through_faulty_providers_and_dying_workers_each_customer_gets_one_message(
    notifications_db: Database, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    nasty = replace(QUICK, lose_answer=0.1, fail_accepted=0.1, repeat_callback=0.3, shuffle_callbacks=0.3)
    passes = iter(range(10_000))

    def die_now_and_then(point: str) -> None:
        if point == "sender.sent" and next(passes) % 7 == 0:
            raise asyncio.CancelledError

    async with open_gateways(notifications_db, ["wazzup", "twilio"], nasty, seed) as desk:
        monkeypatch.setattr(faultpoints, "reach", die_now_and_then)
        phones = [f"+7900000{n:04d}" for n in range(60)]
        absent = phones[::3]
        desk.standin.dice.failures += [Failure(Mode.CODE, "BAD_CONTACT", one[1:], None) for one in absent]
        async with worker(patient(desk)), worker(patient(desk)):
            people = [{"name": "Анна", "phone": phone} for phone in phones]
            await desk.request(*(requested(channels=BOTH, person=person) for person in people))
            # A worker may die with the SMS gateway's refusal: then it is not known whether that has the message.
            await desk.until("delivered", "failed", "unknown")
        assert await final_states(desk, absent) == []
        assert not desk.standin.journal.twice()
        assert sorted(chats(desk, "twilio")) == sorted(phone for phone in absent if not phone.endswith("0000"))


def patient(desk: Gateways) -> Context:
    return desk.context(send_timeout=2.0, send_lease=3.0, repeat_window=25.0, unknown_after=50.0)


def chats(desk: Gateways, code: str) -> list[str]:
    return [entry.chat_id for entry in desk.gateways[code].journal.entries.values()]


async def final_states(desk: Gateways, absent: Sequence[str]) -> list[str]:
    """Return the phones whose message has not ended as it must."""
    rows = await desk.rows("SELECT address, state, rung FROM message")
    refused, by_sms, at_once = {("failed", 2), ("unknown", 2)}, {("delivered", 2)}, {("delivered", 1)}
    wanted = {phone: refused if phone.endswith("0000") else by_sms for phone in absent}
    return [
        row["address"]
        for row in rows
        if (row["state"], row["rung"]) not in wanted.get(f"+{row['address'].removeprefix('+')}", at_once)
    ]


async def test_the_checker_sees_a_ladder_that_goes_on_after_a_doubt(
    desk: Gateways, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The seeded bug: a lost answer is taken for a refusal, and an SMS follows a message that has arrived."""
    monkeypatch.setattr("libs.common.connect.command.rules._doubt", _refusing)
    desk.standin.dice.failures.append(Failure(Mode.LOSE, ""))
    async with worker(desk.context()):
        await desk.request(requested(channels=BOTH))
        assert await eventually(lambda: _taken(desk), lambda count: count == 1)
    assert await desk.accepted() == 1


def _refusing(code: str, jitter: float, *, repeats: bool) -> Outcome:
    del jitter, repeats
    return Outcome(Verdict.REFUSED, code)
