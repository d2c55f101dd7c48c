"""A person who is erased is found in no column of any table, and what is late brings nothing back."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from deploy.standins.wazzup.accounts import DEMO_CHANNEL
from deploy.standins.whatsapp_cloud import wamid
from libs.common.contracts import OWNERS, EventData
from libs.common.contracts.intake import ContactRecorded
from libs.common.contracts.shared import Speaker
from libs.common.platform.ids import uuid7
from libs.common.testkit.database import StackDatabase
from services.notifications.webhooks.actions import apply_callbacks
from tests.erasure.house import House, open_house
from tests.intake.api import lead_of, order
from tests.notifications.support import callback, requested
from tests.tasks.client import Json
from tests.tasks.desk import lead_v2

pytestmark = [pytest.mark.servers, pytest.mark.req("P.7")]

PHONE, OTHER, EMAIL = "9615557731", "9615557732", "zinaida.unik@example.org"
NAME, WORDS = "Зинаида Неповторимая", "аллергия на мёд и пух"
PERSON = (PHONE, "8 (961) 555-77-31", OTHER, EMAIL, "zinaida.unik%40example.org", NAME, WORDS)
#: Where they are found before, among others: the search sees what it looks for.
WHERE = {
    *(
        f"intake.{name}"
        for name in ("contact", "customer", "customer_identity", "delivery", "identity_change", "lead")
    ),
    *(f"intake.{name}" for name in ("merge", "merge_member", "parked", "saved_filter")),
    *(f"{service}.idempotency" for service in OWNERS),
    *(f"tasks.{name}" for name in ("parked", "process", "task")),
    *(
        f"notifications.{name}"
        for name in ("attempt", "callback", "message", "received_message", "thread", "unreadable")
    ),
}
ENDED = """
SELECT count(*) FILTER (WHERE state = 'active'),
       count(*) FILTER (WHERE state = 'failed' AND closing_rule = 'erased')
FROM task
"""
PARKED = """
INSERT INTO parked (topic, partition, "offset", event_id, type, key, sequence, desk, time, headers, body, error,
                    attempts, state)
VALUES ('t', 0, 0, uuidv7(), 'x', 'contact:1', 1, 'demo', now(), '[]', $1, $2, 1, 'failed')
"""
ANSWERED = """
INSERT INTO idempotency (scope, key, fingerprint, token, created_at, locked_until, executed_at, status, headers,
                         body)
VALUES ('ann POST /x', $1, '', gen_random_uuid(), now(), now(), now(), 201, '[]', $2)
"""
KEPT_ANSWERS = "SELECT key FROM idempotency WHERE scope = 'ann POST /x' AND status IS NOT NULL"
KEYS = "SELECT key FROM idempotency WHERE scope = 'ann POST /x'"
SENT = "UPDATE attempt SET state = 'accepted', provider_message_id = $1"
FILTER = """
INSERT INTO saved_filter VALUES (uuidv7(), 'demo', 'ann', 'list_leads', $1, $2, true, 1, now(), now())
"""


@pytest_asyncio.fixture
async def house(stack_db: StackDatabase) -> AsyncIterator[House]:
    async with open_house(stack_db) as opened:
        yield opened


async def live(house: House) -> tuple[UUID, UUID]:
    """Let a person order twice under two numbers, be called, write, and be merged; return customer and lead."""
    url = await house.intake.source("landing", channel="main")
    first = await house.intake.deliver(url, order("unik-1", "8 (961) 555-77-31", name=NAME, email=EMAIL))
    second = await house.intake.deliver(url, order("unik-2", "+7 961 555-77-32", name=NAME))
    await house.intake.send("POST", url, content=f'{{"phone": "8-961-555-77-31", "n": "{WORDS}'.encode())
    await house.pass_on()
    lead_id = lead_of(first)
    await call(house, await house.tasks.task(lead_id))
    await write(house)
    await house.pass_on()
    customers = [await whose(house, lead_of(one)) for one in (first, second)]
    await merge(house, *customers)
    for name in house.databases:
        await house.databases[name].pool.execute(PARKED, f'{{"phone": "+7{PHONE}"}}'.encode(), f"no {EMAIL}")
        await house.databases[name].pool.execute(FILTER, f"о {EMAIL}", {"q": f"8{PHONE}"})
        for key, body in answers(lead_id).items():
            await house.databases[name].pool.execute(ANSWERED, key, body.encode())
    await house.databases["notifications"].pool.execute(SENT, wamid(f"7{PHONE}", "out-1"))
    return customers[0], lead_id


def answers(lead_id: UUID) -> dict[str, str]:
    """Return what calls were answered that bore a key: of the person, and of another."""
    return {
        "by-lead": f'{{"lead_id": "{lead_id}", "name": "{NAME}"}}',
        "by-mail": f'{{"to": "{EMAIL}"}}',
        "in-base64": f'{{"id": "{wamid(f"7{PHONE}", "out-2")}"}}',
        "another": f'{{"lead_id": "{uuid7()}", "name": "Другой"}}',
    }


async def call(house: House, task: Json) -> None:
    taken = (await house.tasks.call("POST", f"/tasks/{task['id']}/take")).json()
    at = house.desk.clock.now().replace(hour=18).isoformat()
    done = await house.tasks.outcome(taken, "callback", comment=WORDS, call_made=True, callback_at=at)
    assert done.is_success, done.text


async def write(house: House) -> None:
    """The person writes to the channel, and a body comes that cannot be read."""
    db = house.databases["notifications"]
    message = {
        "messageId": wamid(f"7{PHONE}", "in-1", received=True), "channelId": DEMO_CHANNEL,
        "chatType": "whatsapp", "chatId": f"7{PHONE}",
        "dateTime": house.desk.clock.now().isoformat(), "type": "text", "isEcho": False, "status": "inbound",
        "contact": {"name": NAME}, "text": WORDS,
    }  # fmt: skip
    await callback(db, {"messages": [message]})
    await callback(db, None, f'{{"broken": "+7{PHONE}", "text": "{WORDS}"'.encode())
    await apply_callbacks(db, 100, house.desk.clock.now())


async def whose(house: House, lead_id: UUID) -> UUID:
    return UUID(str((await house.intake.ok("GET", f"/leads/{lead_id}"))["customer_id"]))


async def merge(house: House, winner: UUID, loser: UUID) -> None:
    pairs = [{"winner": str(winner), "losers": [str(loser)]}]
    body = {"desk": "demo", "kind": "customer", "merges": pairs, "reason": f"это {NAME}"}
    made = await house.intake.ok("POST", "/merges", body, headers={"idempotency-key": "merge-1"})
    await house.intake.ok("POST", f"/merges/{made['id']}/apply", None, headers={"if-match": '"1"'})
    await house.pass_on()


async def said_of(house: House, lead_id: UUID) -> list[EventData]:
    """What was published of the person, as if it came only now; the outboxes are empty by then."""
    person = Speaker(name=NAME, phone=f"+7{PHONE}", email=EMAIL, text=WORDS)
    facts = {"lead_id": lead_id, "source_id": lead_id, "source": "landing", "person": person}
    at = house.desk.clock.now()
    born = lead_v2("callback", lead_id=lead_id, person=person)
    contact = ContactRecorded.model_validate(
        {**facts, "contact_id": uuid7(), "kind": "message", "direction": "in", "at": at}
    )
    return [born, contact, requested(lead_id=lead_id, person=person)]


async def url_of(house: House) -> str:
    sources = await house.intake.ok("GET", "/sources")
    return str(sources["items"][0]["hook"])  # type: ignore[index] # a list


async def erase(house: House, customer_id: UUID) -> dict[str, Any]:
    asked = await house.intake.call("POST", f"/customers/{customer_id}/erasure", {"reason": "request"})
    assert asked.status_code == 202, asked.text
    assert asked.headers["location"] == f"/intake/v1/erasures/{asked.json()['id']}"
    return await house.settle(asked.json()["id"])


async def test_nothing_of_an_erased_person_is_left_in_any_column_of_four_schemas(house: House) -> None:
    customer_id, _ = await live(house)
    before = await house.found(*PERSON)
    ledger = await erase(house, customer_id)
    assert (WHERE - before, await house.found(*PERSON)) == (set(), set())
    # To call again, to answer, and to call of the second order.
    assert [tuple(row) for row in await house.databases["tasks"].pool.fetch(ENDED)] == [(0, 3)]
    assert [part["counts"] != {} for part in ledger["services"]] == [True, True, True, True]


async def test_stored_answers_of_the_person_are_lost_and_those_of_others_stay(house: House) -> None:
    customer_id, lead_id = await live(house)
    for db in house.databases.values():
        await db.pool.execute(ANSWERED, f"order-8{PHONE}", f'{{"lead_id": "{lead_id}"}}'.encode())
    before = await house.found(*answers(lead_id))
    await erase(house, customer_id)
    left = {name: {row[0] for row in await db.pool.fetch(KEPT_ANSWERS)} for name, db in house.databases.items()}
    assert before >= {f"{service}.idempotency" for service in OWNERS}
    assert left == {owner: {"another"} for owner in OWNERS}
    # A repeat still finds that its call was made.
    made = {*answers(lead_id), f"order-8{PHONE}"}
    keys = {name: {row[0] for row in await db.pool.fetch(KEYS)} for name, db in house.databases.items()}
    assert keys == dict.fromkeys(OWNERS, made)


async def test_what_is_late_brings_nothing_back_and_what_is_new_is_a_new_customer(house: House) -> None:
    customer_id, lead_id = await live(house)
    late = [house.desk.event(data) for data in await said_of(house, lead_id)]
    await erase(house, customer_id)
    for name in house.databases:
        await house.hear(name, late)
    kept = await house.found(*PERSON)
    again = await house.intake.deliver(await url_of(house), order("unik-1", "8 (961) 555-77-31", name=NAME))
    assert (kept, lead_of(again) != lead_id) == (set(), True)
    assert await whose(house, lead_of(again)) != customer_id
