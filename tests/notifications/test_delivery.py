"""From a request to the customer and back, over the real stand-in."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from deploy.standins.faults import Mode
from deploy.standins.wazzup import KIND, Failure
from libs.common.contracts.notifications import (
    MessageDelivered,
    MessageFailed,
    MessageRead,
    MessageSent,
    MessageStep,
)
from libs.common.contracts.shared import Customer
from libs.common.platform.clock import ManualClock
from libs.common.platform.db import Database
from libs.common.platform.ids import uuid7
from libs.common.platform.sealing import DataKeys
from services.notifications.channels.actions import change
from services.notifications.channels.schemas import ChangeChannel
from services.notifications.templates.actions import propose
from services.notifications.templates.convert import Wording
from tests.notifications.support import (
    CAUSE,
    DESK,
    KEYS,
    Desk,
    approved_template,
    channel,
    claim,
    context,
    open_desk,
    requested,
    worker,
)
from tests.support.patience import eventually


@pytest.fixture
async def kind(notifications_db: Database) -> AsyncIterator[Desk]:
    async with open_desk(notifications_db) as opened:
        yield opened


async def test_a_requested_message_is_sent_delivered_and_read(kind: Desk) -> None:
    async with worker(kind.context()):
        await kind.request(requested())
        await kind.until("read")
    assert [type(event) for event in await kind.events()] == [MessageSent, MessageDelivered, MessageRead]


@pytest.mark.req("S3.14")
async def test_a_message_of_no_lead_goes_its_way_under_the_key_of_its_request(kind: Desk) -> None:
    async with worker(kind.context()):
        await kind.request(requested(lead_id=None))
        await kind.until("read")
    rows = await kind.rows("SELECT m.lead_id, o.key FROM message m, outbox o")
    assert {(row["lead_id"], row["key"]) for row in rows} == {(None, "lead:1")}


@pytest.mark.parametrize("process_id", [uuid7(), None])
async def test_the_steps_of_a_message_name_the_process_that_requested_it(
    kind: Desk, process_id: UUID | None
) -> None:
    async with worker(kind.context()):
        await kind.request(requested(process_id=process_id))
        await kind.until("read")
    steps = [event for event in await kind.events() if isinstance(event, MessageStep)]
    assert [event.process_id for event in steps] == [process_id] * 3


@pytest.mark.req("name-with-link")
@pytest.mark.parametrize("name", [
    "Анна\nhttps://example.org/pay", "Анна www.example.org", "<a href='https://example.org'>Анна</a>",
    "Анна\u2028evil.ru",
])  # fmt: skip
async def test_no_link_and_no_line_break_leaves_in_a_name(kind: Desk, name: str) -> None:
    async with worker(kind.context()):
        await kind.request(requested(person=Customer(name=name, phone="+79000000001")))
        await kind.until("accepted")
    assert [entry.text for entry in kind.standin.journal.entries.values()] == [
        "Здравствуйте, Анна! Заказ 1042 принят"
    ]


async def test_the_text_is_rendered_from_the_approved_version_in_the_leads_language(kind: Desk) -> None:
    async with worker(kind.context()):
        await kind.request(requested(), requested(language="en"))
        await kind.until("read")
    texts = {entry.text for entry in kind.standin.journal.entries.values()}
    assert texts == {"Здравствуйте, Анна! Заказ 1042 принят", "Hello Анна! Order 1042"}


async def test_the_attempts_id_is_the_key_at_the_provider(kind: Desk) -> None:
    async with worker(kind.context()):
        await kind.request(requested())
        await kind.until("read")
    (attempt,) = await kind.rows("SELECT id, provider_message_id FROM attempt")
    entry = kind.standin.journal.entries[attempt["provider_message_id"]]
    assert entry.crm_message_id == str(attempt["id"])


async def test_the_trace_of_the_intent_goes_on_to_the_provider_and_the_events(kind: Desk) -> None:
    async with worker(kind.context()):
        await kind.request(requested())
        await kind.until("read")
    (entry,) = kind.standin.journal.entries.values()
    rows = await kind.rows("SELECT DISTINCT traceparent, correlation_id FROM outbox")
    assert str(entry.traceparent)[3:35] == str(CAUSE.traceparent)[3:35]
    assert [(row["traceparent"], row["correlation_id"]) for row in rows] == [
        (CAUSE.traceparent, CAUSE.correlation_id)
    ]


async def test_the_same_dedupe_key_is_one_message(kind: Desk) -> None:
    first = requested(dedupe_key="a")
    async with worker(kind.context()):
        await kind.request(first, requested(dedupe_key="a"))
        await kind.request(requested(dedupe_key="a"))
        await kind.until("read")
    assert len(kind.standin.journal.entries) == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"template": "not_approved"}, "template_not_approved"),
        ({"variables": {}}, "template_unfilled"),
        ({"person": {"name": "Анна"}}, "no_address"),
        ({"channels": ("telegram",)}, "no_channel"),
        ({"deadline": datetime(2020, 1, 1, tzinfo=UTC)}, "deadline_passed"),
    ],
)
async def test_a_message_that_cannot_leave_fails_with_its_reason(
    kind: Desk, change: dict[str, object], code: str
) -> None:
    await kind.request(requested(**change))
    (event,) = await kind.events()
    assert isinstance(event, MessageFailed)
    assert (event.code, event.state, list((await kind.states()).values())) == (code, "failed", ["failed"])


async def test_an_edited_template_is_not_used_before_its_approval(kind: Desk) -> None:
    await propose(kind.db, DESK, "order_received", Wording({"ru": "Другой текст"}), "operator", datetime.now(UTC))
    await kind.request(requested())
    (row,) = await kind.rows("SELECT text, template_version FROM message")
    assert (row["text"], row["template_version"]) == ("Здравствуйте, Анна! Заказ 1042 принят", 1)


async def test_the_other_language_stands_in_for_a_missing_one(kind: Desk) -> None:
    await approved_template(kind.db, "only_en", {"en": "Only"})
    await kind.request(requested(template="only_en"))
    assert [tuple(row) for row in await kind.rows("SELECT text, language FROM message")] == [("Only", "en")]


async def test_a_message_past_its_deadline_is_not_sent_by_a_late_worker(notifications_db: Database) -> None:
    clock = ManualClock(datetime(2026, 3, 2, 9, tzinfo=UTC))
    async with open_desk(notifications_db, clock=clock) as late:
        await late.request(requested(deadline=clock.now() + timedelta(minutes=5)))
        clock.advance(timedelta(minutes=6))
        async with worker(late.context()):
            await late.until("failed")
        assert not late.standin.journal.entries
        assert [event.code for event in await late.events() if isinstance(event, MessageFailed)] == [
            "deadline_passed"
        ]


async def test_a_refused_recipient_fails_the_message_with_the_providers_code(kind: Desk) -> None:
    kind.standin.dice.failures.append(Failure(Mode.CODE, "BAD_CONTACT"))
    async with worker(kind.context()):
        await kind.request(requested())
        await kind.until("failed")
    (event,) = await kind.events()
    assert isinstance(event, MessageFailed)
    assert (event.code, event.detail) == ("BAD_CONTACT", "")


async def test_the_providers_description_stays_in_the_attempt(kind: Desk) -> None:
    kind.standin.dice.failures.append(Failure(Mode.CODE, "BAD_CONTACT"))
    async with worker(kind.context()):
        await kind.request(requested())
        await kind.until("failed")
    (row,) = await kind.rows("SELECT m.detail, a.detail FROM message m JOIN attempt a ON a.message_id = m.id")
    assert tuple(row) == (None, "bad_contact")


async def test_a_status_error_fails_a_message_that_was_sent(kind: Desk) -> None:
    kind.standin.dice.failures.append(Failure(Mode.STATUS, "24_HOURS_EXCEEDED"))
    async with worker(kind.context()):
        await kind.request(requested())
        await kind.until("failed")
    assert [event.event_type for event in await kind.events()] == [MessageSent.event_type, MessageFailed.event_type]


@pytest.mark.parametrize("code", ["GENERAL_ERROR", "UNKNOWN_ERROR", "TOO_MANY_EXT_REQS"])
async def test_a_status_error_that_may_pass_is_tried_again_with_a_new_key(kind: Desk, code: str) -> None:
    kind.standin.dice.failures.append(Failure(Mode.STATUS, code))
    async with worker(kind.context()):
        await kind.request(requested())
        await kind.until("read")
    rows = await kind.rows("SELECT number, state, code FROM attempt ORDER BY number")
    assert [tuple(row) for row in rows] == [(1, "refused", code), (2, "accepted", None)]
    assert [type(event) for event in await kind.events()] == [MessageSent, MessageDelivered, MessageRead]


async def test_a_status_error_that_does_not_pass_is_tried_again_once(kind: Desk) -> None:
    kind.standin.dice.failures.append(Failure(Mode.STATUS, "GENERAL_ERROR", times=None))
    async with worker(kind.context()):
        await kind.request(requested())
        await kind.until("failed")
        await asyncio.sleep(3)
    assert (await kind.accepted(), set((await kind.states()).values())) == (2, {"failed"})


async def test_a_refusal_that_may_pass_is_tried_again_with_a_new_key(kind: Desk) -> None:
    kind.standin.dice.failures.append(Failure(Mode.CODE, "MESSAGE_CHANNEL_UNAVAILABLE"))
    async with worker(kind.context()):
        await kind.request(requested())
        await kind.until("read")
    rows = await kind.rows("SELECT number, state FROM attempt ORDER BY number")
    assert [tuple(row) for row in rows] == [(1, "refused"), (2, "accepted")]


async def test_an_empty_balance_halts_the_channel_until_a_person_takes_it_up(kind: Desk) -> None:
    kind.standin.dice.failures.append(Failure(Mode.CODE, "CHANNEL_NO_MONEY"))
    async with worker(kind.context()):
        await kind.request(requested(), requested())
        (halted,) = await eventually(lambda: kind.rows("SELECT * FROM channel WHERE halted_code IS NOT NULL"), bool)
        await asyncio.sleep(0.5)
        held = set((await kind.states()).values())
        await change(
            kind.db, DataKeys.parse(KEYS), kind.channel_id, None, halted["version"], ChangeChannel(active=True)
        )
        await kind.until("read")
    assert (halted["halted_code"], "pending" in held) == ("CHANNEL_NO_MONEY", True)


async def test_an_unreachable_provider_is_tried_later_and_not_doubted(kind: Desk) -> None:
    ctx = context(kind.db, "http://127.0.0.1:9")
    async with worker(ctx):
        await kind.request(requested())
        await eventually(lambda: kind.rows("SELECT FROM attempt WHERE code = 'unreachable'"), bool)
    (row,) = await kind.rows("SELECT state, offered_at FROM attempt")
    assert tuple(row) == ("pending", None)


async def test_a_rate_limit_slows_down_and_loses_nothing(notifications_db: Database) -> None:
    async with open_desk(notifications_db, replace(KIND, rate_limit=20, rate_window=1.0)) as limited:
        async with worker(limited.context(send_timeout=3.0, send_lease=5.0)):
            await limited.request(*(requested(variables={"order_number": str(n)}) for n in range(60)))
            await limited.until("read")
        assert len(limited.standin.journal.entries) == 60


async def test_channels_of_one_key_share_its_pace(kind: Desk) -> None:
    for n in range(12):
        own = {"code": f"c{n}", "hook_key": f"hook-key-of-channel-{n}", "provider_channel_id": f"end-{n}"}
        await channel(kind.db, **own, rate_5s=8)
    await kind.request(*(requested(person={"name": "Анна", "phone": f"+790000000{n:02}"}) for n in range(60)))
    assert len(await claim(kind.db)) <= 2


async def test_no_five_seconds_hold_more_than_the_channels_rate(notifications_db: Database) -> None:
    async with open_desk(notifications_db) as paced:
        await notifications_db.pool.execute("UPDATE channel SET rate_5s = 40")
        await paced.request(*(requested() for _ in range(60)))
        async with worker(paced.context()):
            await paced.until("read", "delivered", "sent", "accepted")
    moments = sorted(entry.accepted_at for entry in paced.standin.journal.entries.values())
    window = timedelta(seconds=5)
    assert max(sum(start <= m < start + window for m in moments) for start in moments) <= 40
