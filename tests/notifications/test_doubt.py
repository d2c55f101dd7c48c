"""Lost answers, crashes and late callbacks: nothing is sent twice, no outcome is guessed."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest

from deploy.standins.faults import Mode
from deploy.standins.wazzup import KIND, Failure
from libs.common.connect.command.rules import Outcome, Verdict
from libs.common.contracts.notifications import FinalState, MessageDelivered, MessageFailed, MessageSent
from libs.common.platform import faultpoints
from libs.common.platform.db import Database, Transaction
from services.notifications.delivery.store import Claim, Result
from services.notifications.webhooks import actions
from tests.notifications.support import (
    LIMITS,
    Desk,
    callback,
    channel,
    claim,
    expire,
    open_desk,
    record,
    requested,
    worker,
)
from tests.support.patience import eventually

LONG_AGO = "UPDATE attempt SET offered_at = offered_at - interval '1 minute', due_at = due_at - interval '1 minute'"


@pytest.fixture
async def kind(notifications_db: Database) -> AsyncIterator[Desk]:
    async with open_desk(notifications_db) as opened:
        yield opened


async def crash_after_the_answer(kind: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send one message and die between the provider's answer and its record."""

    def die(_: str) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(faultpoints, "reach", die)
        async with worker(kind.context()):
            await kind.request(requested())
            await eventually(kind.accepted, lambda count: count == 1)
    assert await kind.attempts() == ["sending"]


LOST = [Failure(Mode.LOSE, ""), Failure(Mode.HANG, "1.5"), Failure(Mode.HTTP_ACCEPTED, "502")]


@pytest.mark.parametrize("failure", LOST)
async def test_a_lost_answer_is_asked_for_again_with_the_same_key(kind: Desk, failure: Failure) -> None:
    kind.standin.dice.profile = replace(KIND, lose_callback=1.0)
    kind.standin.dice.failures.append(failure)
    async with worker(kind.context()):
        await kind.request(requested())
        await kind.until("accepted")
    (attempt,) = await kind.rows("SELECT tries, code FROM attempt")
    # On a busy machine the answer to a repeat may be late too: then there is one more.
    assert (len(kind.standin.journal.entries), attempt["tries"] > 1) == (1, True)
    assert "repeated" in attempt["code"].lower()


@pytest.mark.parametrize("failure", LOST)
async def test_an_echo_gives_its_id_to_a_message_whose_answer_was_lost(kind: Desk, failure: Failure) -> None:
    kind.standin.dice.failures.append(failure)
    async with worker(kind.context()):
        await kind.request(requested())
        await kind.until("read")
    (row,) = await kind.rows("SELECT provider_message_id FROM attempt")
    assert list(kind.standin.journal.entries) == [row["provider_message_id"]]


async def test_a_503_that_took_nothing_is_repeated_and_sends_once(kind: Desk) -> None:
    kind.standin.dice.failures.append(Failure(Mode.HTTP, "503"))
    async with worker(kind.context()):
        await kind.request(requested())
        await kind.until("read")
    assert len(kind.standin.journal.entries) == 1


async def test_a_crash_between_answer_and_record_sends_nothing_twice(
    kind: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await crash_after_the_answer(kind, monkeypatch)
    async with worker(kind.context()):
        await kind.until("read")
    assert len(kind.standin.journal.entries) == 1


async def test_after_the_window_a_crashed_attempt_waits_for_its_echo_and_is_not_offered_again(
    kind: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind.standin.dice.profile = replace(KIND, duplicate_window=0.0)  # a second try would be a second message
    await crash_after_the_answer(kind, monkeypatch)
    await kind.db.pool.execute("UPDATE attempt SET offered_at = offered_at - interval '5 seconds'")
    async with worker(kind.context()):
        await kind.until("read")
    assert len(kind.standin.journal.entries) == 1


async def test_without_answer_and_callback_a_message_ends_as_unknown_and_is_never_resent(kind: Desk) -> None:
    kind.standin.dice.profile = replace(KIND, lose_callback=1.0)
    await kind.request(requested())
    await claim(kind.db)  # a worker that dies before or after the send
    await kind.db.pool.execute(LONG_AGO)
    async with worker(kind.context()):
        await kind.until("unknown")
    (event,) = await kind.events()
    assert isinstance(event, MessageFailed)
    assert (event.state, event.code) == (FinalState.UNKNOWN, "doubtful")
    assert not kind.standin.journal.entries


async def test_a_callback_after_the_callback_timeout_still_counts(
    kind: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind.standin.dice.profile = replace(KIND, callback_delay=4.0)
    await crash_after_the_answer(kind, monkeypatch)
    await kind.db.pool.execute(LONG_AGO)
    await expire(kind.db)
    assert await kind.attempts() == ["unknown"]
    async with worker(kind.context()):
        await kind.until("read")
    steps = [event.event_type for event in await kind.events()]
    assert steps[:3] == [step.event_type for step in (MessageFailed, MessageSent, MessageDelivered)]


async def test_callbacks_before_the_201_are_kept_and_matched(kind: Desk) -> None:
    kind.standin.dice.profile = replace(KIND, early_callback=1.0, answer_delay=0.3)
    async with worker(kind.context(send_timeout=3.0, send_lease=5.0)):
        await kind.request(*(requested(variables={"order_number": str(n)}) for n in range(5)))
        await kind.until("read")
        left = "SELECT FROM callback WHERE state <> 'applied'"
        assert not await eventually(lambda: kind.rows(left), lambda rows: not rows)


async def test_two_equal_texts_to_one_person_are_not_mistaken_for_each_other(kind: Desk) -> None:
    kind.standin.dice.failures.append(Failure(Mode.LOSE, ""))
    async with worker(kind.context()):
        await kind.request(requested(), requested())
        await kind.until("read")
    rows = await kind.rows("SELECT id::text, provider_message_id FROM attempt")
    entries = kind.standin.journal.entries
    assert all(entries[row["provider_message_id"]].crm_message_id == row["id"] for row in rows)


async def test_an_echo_names_no_second_message_while_the_answer_of_its_own_is_recorded(
    kind: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer may be committed after reports are looked up by id and before echoes are compared by text."""
    await kind.request(requested(), requested())
    lost, answered = await claim(kind.db)
    await record(kind.db, Result(lost, Outcome(Verdict.DOUBT, delay=60)))
    row, now = answered.details.row, datetime.now(UTC)
    echo = {"messageId": "m", "channelId": row["provider_channel_id"], "chatId": row["address"]}
    echo |= {"text": row["text"], "isEcho": True, "dateTime": now.isoformat()}
    await callback(kind.db, {"messages": [echo]})
    match = actions._match_echoes

    async def answer_first(tx: Transaction, echoes: Sequence[asyncpg.Record]) -> list[str]:
        await record(kind.db, Result(answered, Outcome(Verdict.ACCEPTED, external_id="m")))
        return await match(tx, echoes)

    monkeypatch.setattr(actions, "_match_echoes", answer_first)
    await actions.apply_callbacks(kind.db, 10, now)
    named = await kind.rows("SELECT id FROM attempt WHERE provider_message_id = 'm'")
    assert [one["id"] for one in named] == [answered.command_id]


async def claimed_twice(kind: Desk) -> tuple[Claim, Claim]:
    """Claim one attempt twice: by a worker whose lease has expired, and by the next one."""
    await kind.request(requested())
    (first,) = await claim(kind.db)
    await kind.db.pool.execute("UPDATE attempt SET due_at = due_at - interval '2 seconds'")
    (second,) = await claim(kind.db)
    return first, second


async def test_a_result_whose_lease_was_taken_over_is_not_recorded(kind: Desk) -> None:
    first, second = await claimed_twice(kind)
    await record(kind.db, Result(first, Outcome(Verdict.REFUSED, "BAD_CONTACT")))
    assert (first.doubtful, second.doubtful, await kind.attempts()) == (False, True, ["sending"])


async def test_a_late_answer_with_a_message_id_is_recorded_after_the_lease(kind: Desk) -> None:
    first, second = await claimed_twice(kind)
    answers = [Outcome(Verdict.ACCEPTED, external_id="m"), Outcome(Verdict.TAKEN, "REPEATED")]
    for taken, outcome in zip((first, second), answers, strict=True):
        await record(kind.db, Result(taken, outcome))
    assert [tuple(row) for row in await kind.rows("SELECT state, provider_message_id FROM attempt")] == [
        ("accepted", "m")
    ]


async def test_both_answers_of_a_repeated_key_at_once_keep_the_message_id(kind: Desk) -> None:
    first, second = await claimed_twice(kind)
    named = Result(first, Outcome(Verdict.ACCEPTED, external_id="m"))
    await record(kind.db, Result(second, Outcome(Verdict.TAKEN, "REPEATED")), named)
    assert [row["provider_message_id"] for row in await kind.rows("SELECT * FROM attempt")] == ["m"]


async def test_two_indistinguishable_texts_end_as_unknown(kind: Desk) -> None:
    kind.standin.dice.failures += [Failure(Mode.LOSE, ""), Failure(Mode.LOSE, "")]
    async with worker(kind.context(unknown_after=2.0)):
        await kind.request(requested(), requested())
        await kind.until("unknown")
    kinds = sorted(type(event).__name__ for event in await kind.events())
    assert (kinds, len(kind.standin.journal.entries)) == (["MessageFailed"] * 2 + ["MessageSent"] * 2, 2)


async def test_a_claim_that_came_back_too_late_is_handed_back_and_not_doubted(kind: Desk) -> None:
    await kind.request(requested())
    async with kind.db.pool.acquire() as other:
        await other.execute("BEGIN; LOCK TABLE attempt")
        async with worker(kind.context(send_timeout=9.5, send_lease=10.0)):
            await asyncio.sleep(0.9)
            await other.execute("COMMIT")
            await kind.until("read")
    assert [row["tries"] for row in await kind.rows("SELECT tries FROM attempt")] == [2]


async def test_a_database_that_refuses_a_claim_costs_no_answer_under_way(kind: Desk) -> None:
    kind.standin.dice.failures.append(Failure(Mode.HANG, "6.5"))
    async with kind.db.pool.acquire() as other, worker(kind.context(send_timeout=8.0, send_lease=9.0)):
        await kind.request(requested())
        await eventually(kind.accepted, lambda count: count == 1)
        await other.execute("BEGIN; LOCK TABLE pace")
        await asyncio.sleep(6)  # longer than the lock timeout
        await other.execute("COMMIT")
        await eventually(kind.attempts, lambda states: states == ["accepted"])
    assert [row["tries"] for row in await kind.rows("SELECT tries FROM attempt")] == [1]


async def test_workers_that_claim_at_once_hold_each_attempt_once(kind: Desk) -> None:
    await channel(kind.db, code="second", api_key="second", hook_key="hook-key-of-the-second")
    await kind.request(*(requested(person={"name": "Анна", "phone": f"+7900000000{n % 10}"}) for n in range(60)))

    async def all_due() -> list[tuple[str, UUID]]:
        rounds = [await claim(kind.db) for _ in range(6)]
        return [(found.account, found.command_id) for batch in rounds for found in batch]

    taken = [found for each in await asyncio.gather(*(all_due() for _ in range(4))) for found in each]
    assert len({attempt for _, attempt in taken}) == len(taken) == 60
    assert len({account for account, _ in taken}) == 2


async def test_a_channel_without_free_slots_claims_nothing(kind: Desk) -> None:
    busy = {kind.channel_id: LIMITS.per_queue}
    await kind.request(requested())
    assert not await claim(kind.db, busy)


async def test_a_stop_lets_running_calls_end_and_records_them(kind: Desk) -> None:
    kind.standin.dice.profile = replace(KIND, answer_delay=0.4)
    async with worker(kind.context(send_timeout=3.0, send_lease=5.0)):
        await kind.request(*(requested() for _ in range(10)))
        await eventually(kind.accepted, lambda count: count == 10)
    assert set(await kind.attempts()) == {"accepted"}


async def test_a_repeat_goes_before_fresh_messages(kind: Desk) -> None:
    await kind.request(requested())
    (lost,) = await claim(kind.db)
    await record(kind.db, Result(lost, Outcome(Verdict.DOUBT)))
    await kind.request(*(requested() for _ in range(30)))
    (first, *_) = await claim(kind.db, {kind.channel_id: LIMITS.per_queue - 1})
    assert first.command_id == lost.command_id


async def test_an_unhealthy_provider_is_throttled_so_that_few_messages_end_in_doubt(kind: Desk) -> None:
    kind.standin.dice.failures.append(Failure(Mode.HTTP, "503", times=None))
    await kind.request(*(requested() for _ in range(200)))
    async with worker(kind.context()):
        await asyncio.sleep(3)
    (row,) = await kind.rows("SELECT count(*) AS doubtful FROM attempt WHERE offered_at IS NOT NULL")
    assert row["doubtful"] < 70


async def test_a_provider_that_cannot_answer_all_calls_in_time_gets_fewer_and_takes_every_message(
    notifications_db: Database,
) -> None:
    """64 calls at once would all be answered within 3.8 s, of which the time-out allows 0.5."""
    people = [{"name": "Анна", "phone": f"+7900{number:07d}"} for number in range(100)]
    async with open_desk(notifications_db, replace(KIND, service=0.06)) as slow:
        async with worker(slow.context(send_concurrency=64, repeat_window=50, unknown_after=90)):
            await slow.request(*(requested(person=person) for person in people))
            await slow.until("read")
        (row,) = await slow.rows("SELECT sum(tries) AS calls FROM attempt")
    assert row["calls"] < 260  # 64 at a time all the way: over 300
