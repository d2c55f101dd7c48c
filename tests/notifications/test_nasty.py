"""Many messages through a faulty provider and dying workers: the provider's journal has each once."""

import asyncio
from dataclasses import replace

import pytest

from deploy.standins.wazzup import NASTY
from libs.common.connect.command.rules import Outcome, Verdict
from libs.common.contracts.notifications import MessageSent
from libs.common.platform import faultpoints
from libs.common.platform.db import Database
from services.notifications.context import Context
from tests.notifications.support import Desk, open_desk, requested, worker
from tests.support.patience import eventually

VERY_NASTY = replace(NASTY, lose_answer=0.1, refuse_503=0.1, early_callback=0.3, repeat_callback=0.3)
COUNT = 150


def patient(opened: Desk) -> Context:
    return opened.context(send_timeout=2.0, send_lease=3.0, repeat_window=25.0, unknown_after=50.0)


async def typed(opened: Desk) -> int:
    """Return how many echoes were taken for messages that were typed in the provider's app: all are ours."""
    return len(await opened.rows("SELECT FROM received_message"))


async def ended(opened: Desk) -> None:
    await opened.until("delivered", "read")


@pytest.mark.parametrize("seed", [1, 2])
async def test_every_message_is_delivered_and_none_is_sent_twice(notifications_db: Database, seed: int) -> None:
    async with open_desk(notifications_db, VERY_NASTY, seed) as opened:
        async with worker(patient(opened)), worker(patient(opened)):
            await opened.request(*(requested(variables={"order_number": str(n)}) for n in range(COUNT)))
            await ended(opened)
        assert len(opened.standin.journal.entries) == COUNT
        assert not opened.standin.journal.twice()
        sent = [event.message_id for event in await opened.events() if isinstance(event, MessageSent)]
        assert len(sent) == len(set(sent)) == COUNT
        assert await typed(opened) == 0


async def test_workers_that_die_between_answer_and_record_send_nothing_twice(
    notifications_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes = iter(range(10_000))

    def die_now_and_then(_: str) -> None:
        if next(passes) % 5 == 0:
            raise asyncio.CancelledError

    async with open_desk(notifications_db, NASTY, seed=3) as opened:
        monkeypatch.setattr(faultpoints, "reach", die_now_and_then)
        async with worker(patient(opened)):
            await opened.request(*(requested(variables={"order_number": str(n)}) for n in range(60)))
            await ended(opened)
        texts = [entry.text for entry in opened.standin.journal.entries.values()]
        assert await typed(opened) == 0
    assert len(texts) == len(set(texts)) == 60


async def test_the_checker_sees_a_sender_that_renews_its_keys(
    notifications_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The seeded bug: a lost answer is treated as a refusal, and the message leaves again under a new key."""
    monkeypatch.setattr("libs.common.connect.command.rules._doubt", _renewing)
    async with open_desk(notifications_db, replace(VERY_NASTY, lose_answer=0.5), seed=4) as opened:
        await opened.request(*(requested(variables={"order_number": str(n)}) for n in range(20)))
        async with worker(opened.context()):
            texts = await eventually(lambda: _texts(opened), lambda found: len(found) > len(set(found)), 30)
    assert len(texts) > len(set(texts))


def _renewing(code: str, jitter: float, *, repeats: bool) -> Outcome:
    del repeats
    return Outcome(Verdict.RETRY, code, delay=jitter)


async def _texts(opened: Desk) -> list[str]:
    return [entry.text for entry in opened.standin.journal.entries.values()]
