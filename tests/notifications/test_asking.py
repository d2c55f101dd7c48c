"""Providers are asked how messages are doing, and whether they have one whose answer was lost."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from deploy.standins.faults import Failure, Mode
from libs.common.platform.db import Database
from services.notifications.providers.registry import PROVIDERS
from tests.notifications.gateways import QUICK, Gateways, open_gateways
from tests.notifications.support import requested, worker
from tests.support.patience import eventually

SILENT = replace(QUICK, lose_callback=1.0)
LOST = Failure(Mode.LOSE, "")
ALL_DUE = """
UPDATE attempt SET ask_at = clock_timestamp(), offered_at = offered_at - interval '1 second'
WHERE state IN ('accepted', 'waiting') AND provider_message_id IS DISTINCT FROM 'gone'
"""
NOW = "UPDATE poll SET due_at = clock_timestamp()"


@asynccontextmanager
async def silent(db: Database, code: str) -> AsyncIterator[Gateways]:
    """Open a desk whose provider never reports by itself."""
    async with open_gateways(db, [code], SILENT) as opened, worker(opened.context()):
        yield opened


async def ask(desk: Gateways) -> None:
    await desk.db.pool.execute(ALL_DUE)
    await desk.db.pool.execute(NOW)


async def asked_until(desk: Gateways, state: str) -> None:
    """Ask until all messages are in a state."""

    async def look() -> set[str]:
        await ask(desk)
        return set((await desk.states()).values())

    await eventually(look, lambda states: states == {state})


async def settled(desk: Gateways, *states: str) -> None:
    await eventually(desk.attempts, lambda found: found == list(states))


@pytest.mark.parametrize("code", sorted(code for code, one in PROVIDERS.items() if one.limits.asked_together))
async def test_progress_that_is_not_reported_is_asked_for(notifications_db: Database, code: str) -> None:
    async with silent(notifications_db, code) as desk:
        people = [{"name": "Анна", "phone": f"+7900000000{n}"} for n in range(1, 6)]
        await desk.request(*(requested(channels=("sms",), person=person) for person in people))
        await settled(desk, *["accepted"] * 5)
        await asked_until(desk, "delivered")
        due = "SELECT FROM attempt WHERE ask_at < clock_timestamp()"
        await ask(desk)
        assert await eventually(lambda: desk.rows(due), lambda rows: not rows) == []


@pytest.mark.req("P.2")
@pytest.mark.parametrize("code", ["smsc", "twilio"])
async def test_a_message_whose_answer_was_lost_is_looked_up_and_not_sent_again(
    notifications_db: Database, code: str
) -> None:
    async with silent(notifications_db, code) as desk:
        desk.gateways[code].dice.failures.append(LOST)
        await desk.request(requested(channels=("sms",)))
        await settled(desk, "waiting")
        await asked_until(desk, "accepted")
        (row,) = await desk.rows("SELECT tries, provider_message_id FROM attempt")
        assert (row["tries"], len(desk.texts(code))) == (1, 1)
        assert row["provider_message_id"] in desk.gateways[code].journal.entries


@pytest.mark.parametrize("code", ["smsc", "twilio"])
async def test_a_message_that_the_provider_never_had_stays_in_doubt(notifications_db: Database, code: str) -> None:
    async with silent(notifications_db, code) as desk:
        desk.gateways[code].dice.failures.append(Failure(Mode.HTTP, "503"))
        await desk.request(requested(channels=("sms",)))
        await settled(desk, "waiting")
        await ask(desk)
        rounds = "SELECT FROM attempt WHERE ask_at > clock_timestamp()"
        await eventually(lambda: desk.rows(rounds), bool)
        assert await desk.attempts() == ["waiting"]


@pytest.mark.parametrize("failures", [[LOST, LOST], [LOST, Failure(Mode.HTTP, "503")]])
async def test_of_two_equal_texts_in_doubt_none_is_taken_for_the_other(
    notifications_db: Database, failures: list[Failure]
) -> None:
    async with silent(notifications_db, "twilio") as desk:
        desk.gateways["twilio"].dice.failures += failures
        await desk.request(requested(channels=("sms",)), requested(channels=("sms",)))
        await settled(desk, "waiting", "waiting")
        await ask(desk)
        rounds = "SELECT FROM attempt WHERE ask_at > clock_timestamp()"
        await eventually(lambda: desk.rows(rounds), lambda rows: len(rows) == 2)
        assert await desk.attempts() == ["waiting", "waiting"]


async def test_what_is_known_of_one_message_is_not_taken_for_an_equal_one(notifications_db: Database) -> None:
    async with silent(notifications_db, "twilio") as desk:
        await desk.request(requested(channels=("sms",)))
        await settled(desk, "accepted")
        desk.gateways["twilio"].dice.failures.append(Failure(Mode.HTTP, "503"))
        await desk.request(requested(channels=("sms",)))
        await settled(desk, "accepted", "waiting")
        await ask(desk)
        await eventually(lambda: desk.rows("SELECT FROM attempt WHERE ask_at > clock_timestamp()"), bool)
        assert await desk.attempts() == ["accepted", "waiting"]


async def test_answers_that_cannot_be_read_are_asked_for_seldom(notifications_db: Database) -> None:
    async with silent(notifications_db, "smsru") as desk:
        await desk.request(requested(channels=("sms",)))
        await settled(desk, "accepted")
        desk.gateways["smsru"].accounts.clear()  # as with a key that is wrong by now
        await ask(desk)
        (row,) = await eventually(lambda: desk.rows("SELECT * FROM poll WHERE failures > 0"), bool)
        assert row["code"] == "unreadable"


async def test_providers_that_cannot_be_asked_have_no_poll(notifications_db: Database) -> None:
    async with open_gateways(notifications_db, ["wazzup", "whatsapp_cloud", "smsru"]) as desk:
        rows = await desk.rows("SELECT kind FROM poll")
        assert [row["kind"] for row in rows] == ["smsru"]


async def test_a_channel_of_an_earlier_release_gets_its_poll_from_the_worker(notifications_db: Database) -> None:
    async with open_gateways(notifications_db, ["smsru"]) as desk:
        await desk.db.pool.execute("DELETE FROM poll")
        async with worker(desk.context()):
            assert await eventually(lambda: desk.rows("SELECT FROM poll"), bool)
