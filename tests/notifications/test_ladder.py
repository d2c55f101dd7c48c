"""From the messenger to SMS to a person: by what has failed, in time, and never after a doubt."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from deploy.standins.faults import Failure, Mode
from libs.common.contracts.notifications import MessageDelivered, MessageFailed, MessageSent
from libs.common.platform.clock import ManualClock
from libs.common.platform.db import Database
from tests.notifications.api import running_api
from tests.notifications.gateways import QUICK, Gateways, open_gateways
from tests.notifications.support import approved_template, callback, requested, worker
from tests.support.patience import eventually

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
BOTH = ("whatsapp", "sms")
NOT_THERE = Failure(Mode.CODE, "BAD_CONTACT")
REGISTERED = {"name": "order_new", "languages": {"ru": "ru"}, "parameters": [], "buttons": [], "marketing": False}
LONG_AGO = "UPDATE attempt SET offered_at = offered_at - interval '1 minute', due_at = due_at - interval '1 minute'"


@pytest.fixture
async def desk(notifications_db: Database) -> AsyncIterator[Gateways]:
    """A desk with Wazzup and Twilio."""
    async with open_gateways(notifications_db, ["wazzup", "twilio"], clock=ManualClock(NOW)) as opened:
        yield opened


@pytest.fixture
async def meta(notifications_db: Database) -> AsyncIterator[Gateways]:
    """A desk with WhatsApp Cloud API, which reports most failures late, and Twilio."""
    async with open_gateways(notifications_db, ["whatsapp_cloud", "twilio"], clock=ManualClock(NOW)) as opened:
        await approved_template(notifications_db, variants={"whatsapp": {"registered": REGISTERED}})
        yield opened


def pass_time(desk: Gateways, duration: timedelta) -> None:
    assert isinstance(desk.clock, ManualClock)
    desk.clock.advance(duration)


async def steps(desk: Gateways) -> list[tuple[object, ...]]:
    """Return what was published: the kind of each event, its channel, and the rung or the code."""
    return [
        (type(event).__name__, event.channel, getattr(event, "rung", getattr(event, "code", "")))
        for event in await desk.events()
        if isinstance(event, MessageSent | MessageDelivered | MessageFailed)
    ]


@pytest.mark.req("S0.5", "S0.6")
async def test_who_is_not_on_the_messenger_gets_an_sms(desk: Gateways) -> None:
    desk.standin.dice.failures.append(NOT_THERE)
    async with worker(desk.context()):
        await desk.request(requested(channels=BOTH))
        await desk.until("delivered")
    assert await steps(desk) == [("MessageSent", "sms", 2), ("MessageDelivered", "sms", "")]
    assert (len(desk.texts("twilio")), await desk.accepted()) == (1, 0)


async def test_the_next_message_to_that_customer_is_an_sms_at_once(desk: Gateways) -> None:
    desk.standin.dice.failures.append(NOT_THERE)
    async with worker(desk.context()):
        for _ in range(2):
            await desk.request(requested(channels=BOTH))
            await desk.until("delivered")
    rows = await desk.rows("SELECT message_id FROM attempt WHERE rung = 1")
    assert (len(rows), len(desk.texts("twilio"))) == (1, 2)


async def test_a_failure_that_is_reported_later_is_followed_by_an_sms(meta: Gateways) -> None:
    async with worker(meta.context()):
        await meta.request(requested(channels=BOTH, person={"name": "Анна", "phone": "+79000000000"}))
        await meta.until("failed")
    assert await steps(meta) == [("MessageSent", "whatsapp", 1), ("MessageFailed", "sms", "ladder_exhausted")]
    (row,) = await meta.rows("SELECT detail, passed FROM message")
    assert row["detail"] == "whatsapp: 131026, sms: 21211"
    assert [one["code"] for one in row["passed"]] == ["131026", "21211"]


async def test_a_limit_of_the_messenger_for_a_day_is_not_waited_for_when_there_is_sms(meta: Gateways) -> None:
    meta.gateways["whatsapp_cloud"].dice.failures.append(Failure(Mode.STATUS, "131049"))
    async with worker(meta.context()):
        await meta.request(requested(channels=BOTH))
        await meta.until("delivered")
    assert [step[:2] for step in await steps(meta)] == [
        ("MessageSent", "whatsapp"), ("MessageSent", "sms"), ("MessageDelivered", "sms"),
    ]  # fmt: skip


@pytest.mark.parametrize("mode", [Mode.STATUS, Mode.CODE])
async def test_without_another_channel_a_message_waits_for_that_day(meta: Gateways, mode: Mode) -> None:
    meta.gateways["whatsapp_cloud"].dice.failures.append(Failure(mode, "131049"))
    async with worker(meta.context()):
        await meta.request(requested())
        held = "SELECT not_before FROM attempt WHERE state = 'held'"
        (row,) = await eventually(lambda: meta.rows(held), bool)
        assert timedelta(hours=24) <= row["not_before"] - NOW < timedelta(hours=24, seconds=2)
        pass_time(meta, timedelta(hours=24, seconds=2))
        await meta.until("delivered")


async def test_a_message_that_waits_for_a_day_ends_at_its_deadline(meta: Gateways) -> None:
    meta.gateways["whatsapp_cloud"].dice.failures.append(Failure(Mode.CODE, "131049"))
    async with worker(meta.context()):
        await meta.request(requested(deadline=NOW + timedelta(hours=2)))
        await eventually(meta.attempts, lambda states: states == ["held"])
        pass_time(meta, timedelta(hours=2))
        await meta.until("failed")
    assert [step[2] for step in await steps(meta)] == ["deadline_passed"]


async def test_a_channel_that_needs_a_person_holds_no_message_up_that_can_be_an_sms(desk: Gateways) -> None:
    desk.standin.dice.failures.append(Failure(Mode.CODE, "BALANCE_IS_EMPTY"))
    async with worker(desk.context()):
        await desk.request(requested(channels=BOTH))
        await desk.until("delivered")
        await desk.request(requested(channels=BOTH))
        await desk.until("delivered")
    assert len(desk.texts("twilio")) == 2
    (row,) = await desk.rows("SELECT halted_code FROM channel WHERE provider = 'wazzup'")
    assert row["halted_code"] == "BALANCE_IS_EMPTY"


@pytest.mark.parametrize(
    ("deadline", "wait"), [(None, timedelta(hours=1)), (NOW + timedelta(minutes=40), timedelta(minutes=20))]
)
async def test_a_messenger_that_takes_nothing_gives_way_in_time(
    desk: Gateways, deadline: datetime | None, wait: timedelta
) -> None:
    desk.standin.dice.failures.append(Failure(Mode.HTTP, "429", times=None))
    async with worker(desk.context()):
        await desk.request(requested(channels=BOTH, deadline=deadline))
        await eventually(lambda: desk.rows("SELECT FROM attempt WHERE tries > 0 AND state = 'pending'"), bool)
        pass_time(desk, wait)
        await desk.until("delivered")
    assert [row["code"] for row in await desk.rows("SELECT code FROM attempt ORDER BY number")] == [
        "deadline_passed", None,
    ]  # fmt: skip


@pytest.mark.req("P.1")
@pytest.mark.parametrize("failure", [Failure(Mode.LOSE, ""), Failure(Mode.HTTP_ACCEPTED, "502")])
async def test_a_doubt_is_followed_by_a_person_and_by_no_other_message(desk: Gateways, failure: Failure) -> None:
    desk.standin.dice.profile = replace(QUICK, lose_callback=1.0, duplicate_window=0.0)
    desk.standin.dice.failures.append(failure)
    async with worker(desk.context(repeat_window=0.1)):
        await desk.request(requested(channels=BOTH))
        await eventually(desk.accepted, lambda count: count == 1)
        await desk.db.pool.execute(LONG_AGO)
        await desk.until("unknown")
    assert await steps(desk) == [("MessageFailed", "whatsapp", "doubtful")]
    assert desk.texts("twilio") == []


async def test_a_report_after_a_doubt_is_published_and_shown(desk: Gateways) -> None:
    desk.standin.dice.profile = replace(QUICK, lose_callback=1.0)
    desk.standin.dice.failures.append(Failure(Mode.LOSE, ""))
    request = requested(channels=BOTH)
    async with worker(desk.context(repeat_window=0.1)), running_api(desk.db) as api:
        await desk.request(request)
        await eventually(desk.accepted, lambda count: count == 1)
        await desk.db.pool.execute(LONG_AGO)
        await desk.until("unknown")
        (entry,) = desk.standin.journal.entries.values()
        await desk.db.pool.execute("UPDATE attempt SET provider_message_id = NULL, offered_at = clock_timestamp()")
        await reported(desk, entry.message_id)
        await desk.until("delivered")
        shown = (await api.call("GET", f"/messages/{request.message_id}")).json()
    assert [step[0] for step in await steps(desk)] == ["MessageFailed", "MessageSent", "MessageDelivered"]
    assert [one["status"] for one in shown["reports"]] == ["echo", "delivered"]


SENT_TO = """
SELECT a.address, m.text, c.provider_channel_id AS channel
FROM attempt a JOIN message m ON m.id = a.message_id JOIN channel c ON c.id = a.channel_id
"""


async def reported(desk: Gateways, message_id: str) -> None:
    """Let Wazzup say, late, what became of a message: its echo and its delivery."""
    at = datetime.now(UTC).isoformat()
    (row,) = await desk.rows(SENT_TO)
    echo = {"channelId": row["channel"], "chatId": row["address"], "text": row["text"], "isEcho": True}
    status = {"messageId": message_id, "status": "delivered", "timestamp": at}
    echo |= {"messageId": message_id, "dateTime": at, "status": "echo"}
    await callback(desk.db, {"messages": [echo], "statuses": [status]})


# What was reported of a message, once more, as another word of the provider's.
REPORT_AGAIN = """
INSERT INTO callback (desk, channel_id, kind, provider_message_id, status, at, payload, progress, code, state,
                      received_at, stored_at, look_at)
SELECT desk, channel_id, kind, provider_message_id, $1, at + interval '1 second', payload, $1, code, 'new',
       received_at, stored_at, clock_timestamp()
FROM callback WHERE code = '131026'
"""


@pytest.mark.req("P.2")
async def test_a_repeated_failure_starts_no_second_sms(meta: Gateways) -> None:
    meta.gateways["whatsapp_cloud"].dice.failures.append(Failure(Mode.STATUS, "131026"))
    async with worker(meta.context()):
        await meta.request(requested(channels=BOTH))
        await meta.until("delivered")
        await meta.db.pool.execute(REPORT_AGAIN, "failed")
        await eventually(lambda: meta.rows("SELECT FROM callback WHERE state = 'new'"), lambda rows: not rows)
    assert len(meta.texts("twilio")) == 1


BUSY = """
UPDATE pace SET free_at = clock_timestamp() + interval '1 hour' FROM channel c
WHERE c.id = $1 AND c.account = pace.account
"""


async def test_a_message_that_arrives_after_all_takes_back_an_sms_that_has_not_left(meta: Gateways) -> None:
    meta.gateways["whatsapp_cloud"].dice.failures.append(Failure(Mode.STATUS, "131026"))
    await meta.db.pool.execute(BUSY, meta.channels["twilio"])
    async with worker(meta.context()):
        await meta.request(requested(channels=BOTH))
        await eventually(meta.attempts, lambda states: states == ["refused", "pending"])
        await meta.db.pool.execute(REPORT_AGAIN, "delivered")
        await meta.until("delivered")
        await eventually(meta.attempts, lambda states: states == ["refused", "refused"])
    assert [step[:2] for step in await steps(meta)] == [
        ("MessageSent", "whatsapp"), ("MessageDelivered", "whatsapp"),
    ]  # fmt: skip


async def test_a_customer_who_opts_out_in_between_gets_no_sms(meta: Gateways) -> None:
    meta.gateways["whatsapp_cloud"].dice.failures.append(Failure(Mode.STATUS, "131026"))
    await meta.request(requested(channels=BOTH))
    meta.write("twilio", "STOP", "+79000000001")
    await eventually(lambda: meta.rows("SELECT FROM address WHERE opted_out"), bool)
    async with worker(meta.context()):
        await meta.until("failed")
    (row,) = await meta.rows("SELECT code, detail FROM message")
    assert (row["code"], row["detail"]) == ("ladder_exhausted", "whatsapp: 131026, sms: opted_out")


async def test_a_customer_who_wants_no_advertisements_in_between_gets_none_by_sms(
    notifications_db: Database,
) -> None:
    advertised = {"whatsapp": {"registered": {**REGISTERED, "marketing": True}}}
    async with open_gateways(notifications_db, ["whatsapp_cloud", "twilio"], clock=ManualClock(NOW)) as desk:
        await approved_template(notifications_db, variants=advertised)
        desk.gateways["whatsapp_cloud"].dice.failures.append(Failure(Mode.STATUS, "131050"))
        async with worker(desk.context()):
            await desk.request(requested(channels=BOTH))
            await desk.until("failed")
        assert await steps(desk) == [
            ("MessageSent", "whatsapp", 1),
            ("MessageFailed", "whatsapp", "ladder_exhausted"),
        ]
        (row,) = await desk.rows("SELECT detail FROM message")
        assert row["detail"] == "whatsapp: 131050, sms: opted_out"


async def test_a_customer_who_hides_their_number_is_written_to_by_their_id(meta: Gateways) -> None:
    hidden = {"name": "Анна", "identities": [{"kind": "bsuid", "value": "RU.13491208655302741918"}]}
    async with worker(meta.context()):
        await meta.request(requested(channels=BOTH, person=hidden))
        await meta.until("delivered")
    (entry,) = meta.gateways["whatsapp_cloud"].journal.entries.values()
    assert entry.chat_id == "RU.13491208655302741918"


async def test_the_api_shows_the_rungs_of_a_message(desk: Gateways) -> None:
    desk.standin.dice.failures.append(NOT_THERE)
    request = requested(channels=BOTH)
    async with worker(desk.context()), running_api(desk.db) as api:
        await desk.request(request)
        await desk.until("delivered")
        shown = (await api.call("GET", f"/messages/{request.message_id}")).json()
    assert (shown["channel"], shown["rung"], shown["segments"]) == ("sms", 2, 1)
    assert shown["passed"] == [{"number": 1, "kind": "whatsapp", "provider": "wazzup", "code": "BAD_CONTACT"}]
    assert [(one["rung"], one["state"]) for one in shown["attempts"]] == [(1, "refused"), (2, "accepted")]
