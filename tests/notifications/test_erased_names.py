"""No provider's id of a message stays of who is erased; a late report finds its message all the same (P.7)."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import orjson
import pytest

from deploy.standins.whatsapp_cloud import DEMO_PHONE_ID, wamid
from libs.common.connect.command.rules import Outcome, Verdict
from libs.common.connect.command.store import Limits
from libs.common.contracts.erasures import CustomerErased, Forgotten, NotificationsScrubbed
from libs.common.contracts.notifications import MessageReceived
from libs.common.contracts.shared import Identity, IdentityKind
from libs.common.platform.clock import ManualClock
from libs.common.platform.db import Database
from libs.common.platform.db.migrations import migrate
from libs.common.platform.erasure.actions import Eraser
from libs.common.platform.erasure.places import Waiting
from libs.common.platform.erasure.retention import Keeper
from libs.common.platform.sealing import DataKeys
from libs.common.testkit.database import StackDatabase, empty_database
from services.notifications.channels.convert import adapter_of
from services.notifications.channels.queries import channel_of_webhook
from services.notifications.context import Context
from services.notifications.delivery.store import Result
from services.notifications.erasures.places import AGED, PLACES
from services.notifications.erasures.store import KEPT, KNOWN, destroy_keys
from services.notifications.providers.values import Raw
from services.notifications.unsubscribes.actions import unsubscribe
from services.notifications.webhooks.actions import apply_callbacks
from services.notifications.webhooks.store import Body, Origin, store_bodies
from tests.notifications.gateways import config, gateway
from tests.notifications.support import (
    HOOK_KEY,
    KEYS,
    apply,
    approved_template,
    channel,
    claim,
    context,
    record,
    requested,
)
from tests.notifications.test_erasures import CUSTOMER, LEAD, done, erased
from tests.support.patience import eventually
from tests.support.search import tables_with

pytestmark = pytest.mark.req("P.7")

NUMBER, CHAT, OTHER_HOOK = "79000000001", "590000417", "hook-key-of-another-number"
SENT, HEARD = wamid(NUMBER, "sent"), wamid(NUMBER, "heard", received=True)
AT = 1772442930
PASSING = 131016  # an error that is tried again
BY_NUMBER = Forgotten(phone=f"+{NUMBER}")
BY_CHAT = Forgotten(identities=(Identity(kind=IdentityKind.TELEGRAM, value=CHAT),))
# What is left of a conversation: an answer, what the customer wrote, and what was reported of both and of neither.
FILLED = (
    "UPDATE attempt SET address = $1, provider_message_id = $2, state = 'accepted', offered_at = now()",
    """
    INSERT INTO received_message (id, desk, channel_id, external_id, direction, known_by, content, at, received_at,
                                  customer_id)
    SELECT gen_random_uuid(), desk, id, $2, 'in', jsonb_build_array(jsonb_build_array('whatsapp', $1::text)),
           'text', now(), now(), $3::uuid
    FROM channel
    """,
    """
    INSERT INTO callback (desk, channel_id, kind, provider_message_id, status, at, payload, address, state,
                          message_id, received_at, stored_at, look_at)
    SELECT c.desk, c.id, t.kind, $2, '', now(), '{}', CASE t.kind WHEN 'inbound' THEN $1 END, t.state,
           CASE t.state WHEN 'applied' THEN m.id END, now(), now(), now()
    FROM channel c, message m, (VALUES ('inbound', 'kept'), ('status', 'applied'), ('preference', 'kept'))
         AS t (kind, state)
    """,
)

ANOTHER = CustomerErased(
    erasure_id=UUID(int=2), customer_id=UUID(int=9), customer_ids=(UUID(int=9),), lead_ids=(), person=BY_NUMBER
)
# Events and a message that stand under their digests already.
LEFT_BESIDE = (
    """
    INSERT INTO callback (desk, channel_id, kind, provider_message_id, status, at, payload, address, state,
                          received_at, stored_at, look_at)
    SELECT desk, channel_id, kind, $1, status, at, payload, '79000000001', 'new', now(), now(), now()
    FROM callback WHERE kind = 'status'
    """,
    """
    INSERT INTO callback (desk, channel_id, kind, provider_message_id, status, at, payload, address, state,
                          received_at, stored_at, look_at)
    SELECT desk, channel_id, kind, $1, status, at, payload, '79000000001', 'kept', now(), now(), now()
    FROM callback WHERE kind = 'inbound'
    """,
    """
    INSERT INTO received_message (id, desk, channel_id, external_id, direction, known_by, content, at, received_at,
                                  customer_id)
    SELECT gen_random_uuid(), desk, channel_id, $1, 'in', known_by, content, now(), now(),
           '00000000-0000-0000-0000-000000000009'
    FROM received_message
    """,
)


@dataclass
class Story:
    """A desk that writes by one channel, and a customer who is known by a number."""

    ctx: Context
    clock: ManualClock
    code: str

    @property
    def db(self) -> Database:
        return self.ctx.core.db

    async def hear(self, value: Mapping[str, object], hook_key: str = HOOK_KEY) -> None:
        """Take what Meta reports, and apply it."""
        metadata = {"phone_number_id": DEMO_PHONE_ID}
        change = {"field": "messages", "value": {"metadata": metadata, **value}}
        raw = orjson.dumps({"entry": [{"id": "1", "changes": [change]}]})
        row = await channel_of_webhook(self.db, self.code, hook_key)
        assert row is not None
        reading = adapter_of(row["id"], row, DataKeys.parse(KEYS), None).read(Raw("POST", "", {}, {}, raw))
        await store_bodies(self.db, [Body(Origin.of(row), reading, raw, self.clock.now())])
        await apply_callbacks(self.db, 100, self.clock.now())

    async def erase(self, person: Forgotten = BY_NUMBER) -> None:
        await apply(self.ctx, erased(person))
        await done(self.db, self.eraser())

    def eraser(self) -> Eraser:
        return Eraser(self.ctx.core, PLACES, NotificationsScrubbed)

    async def comes_to(self) -> object:
        """Let the eraser go on, and return the place that it has come to."""
        await self.eraser().round()
        return (await self.row("SELECT place FROM erasure"))["place"]

    async def comes_to_a_call(self) -> object:
        """Return the same, while a call is under way."""
        called = Waiting("message", (), "true", name="calls under way")
        await Eraser(self.ctx.core, (PLACES[0], called)).round()
        return (await self.row("SELECT place FROM erasure"))["place"]

    async def found(self, *words: str) -> set[str]:
        return await tables_with(self.db.pool, "notifications", *words)

    async def row(self, query: str) -> asyncpg.Record:
        [row] = await self.db.pool.fetch(query)
        return row

    async def heard(self) -> int:
        """Return how many messages of customers were published."""
        query = "SELECT count(*) FROM outbox WHERE type = $1"
        return int(await self.db.pool.fetchval(query, MessageReceived.event_type))


@asynccontextmanager
async def told(db: Database, code: str = "whatsapp_cloud") -> AsyncIterator[Story]:
    """Open a desk with a message to the customer that waits to be sent."""
    clock = ManualClock(datetime.now(UTC))
    await approved_template(db)
    await channel(db, config=config(code, gateway(code).demo()))
    ctx = context(db, "http://127.0.0.1:9", clock)
    try:
        await apply(ctx, requested(lead_id=LEAD, customer_id=CUSTOMER))
        yield Story(ctx, clock, code)
    finally:
        await ctx.transport.close()


def status(word: str = "read", **members: object) -> dict[str, list[dict[str, object]]]:
    said = {"id": SENT, "status": word, "timestamp": str(AT), "recipient_id": NUMBER}
    return {"statuses": [{**said, **members}]}


def stop(at: int) -> dict[str, object]:
    return {"user_preferences": [{"wa_id": NUMBER, "value": "stop", "timestamp": at}]}


def written(message_id: str = HEARD) -> dict[str, object]:
    said = {"from": NUMBER, "id": message_id, "timestamp": str(AT), "type": "text", "text": {"body": "Где заказ?"}}
    return {"messages": [said]}


@pytest.mark.parametrize(
    ("person", "address", "name"),
    [
        (BY_CHAT, CHAT, f"{CHAT}:17"),  # Telegram
        (BY_NUMBER, NUMBER, SENT),
        (BY_NUMBER, NUMBER, f"17:{NUMBER}"),  # SMSC
        (BY_NUMBER, NUMBER, NUMBER),  # a wish of theirs at Meta, as the release before named it
        (BY_NUMBER, NUMBER, f"stop:{AT}:{NUMBER}"),
    ],
)
async def test_no_id_of_a_provider_says_whose_a_message_was(
    notifications_db: Database, person: Forgotten, address: str, name: str
) -> None:
    async with told(notifications_db) as story:
        for statement, count in zip(FILLED, (2, 3, 2), strict=True):
            await story.db.pool.execute(statement, *(address, name, CUSTOMER)[:count])
        before = await story.found(address[-10:])
        await story.erase(person)
        assert {"attempt", "callback", "received_message"} <= before
        assert await story.found(address[-10:]) == set()


async def test_a_late_report_finds_its_message_and_brings_no_one_back(notifications_db: Database) -> None:
    async with told(notifications_db) as story:
        await story.db.pool.execute(FILLED[0], NUMBER, SENT)
        await story.hear(written())
        await story.db.pool.execute("UPDATE received_message SET customer_id = $1", CUSTOMER)
        await story.db.pool.execute("DELETE FROM outbox")
        await story.erase()
        await story.hear(status())
        await story.hear(written())
        message = await story.row("SELECT state FROM message")
        assert (message["state"], await story.heard()) == ("read", 0)
        assert await story.found(NUMBER[-10:]) == set()


async def test_a_late_report_that_knows_our_key_alone_names_its_message(notifications_db: Database) -> None:
    async with told(notifications_db) as story:
        reference = str((await story.row("SELECT reference FROM attempt"))["reference"])
        await story.db.pool.execute("UPDATE attempt SET state = 'waiting', offered_at = now()")
        await story.erase()
        await story.hear(status("delivered", biz_opaque_callback_data=reference))
        await story.hear(status("read", biz_opaque_callback_data=reference))
        message = await story.row("SELECT state FROM message")
        assert (message["state"], await story.found(NUMBER[-10:], reference)) == ("read", {"attempt"})
        left = await story.row("SELECT reference, id::text FROM attempt")
        assert (left["reference"].startswith("erased "), left["id"]) == (True, reference)


async def test_what_fails_after_an_erasure_is_not_sent_again(notifications_db: Database) -> None:
    async with told(notifications_db) as story:
        await story.db.pool.execute(FILLED[0], NUMBER, SENT)
        await story.hear(status("sent"))
        await story.db.pool.execute("DELETE FROM outbox")
        await story.erase()
        await story.hear(status("failed", errors=[{"code": PASSING}]))
        assert (await story.row("SELECT state FROM attempt"))["state"] == "accepted"
        assert (await story.row("SELECT state FROM message"))["state"] == "failed"


async def test_what_others_report_stays_as_it_is(notifications_db: Database) -> None:
    """Ids of messages are of an account: another bot counts its own."""
    async with told(notifications_db) as story:
        await story.db.pool.execute(FILLED[0], NUMBER, SENT)
        await story.erase()
        other = {**gateway(story.code).config(gateway(story.code).demo()), "phone_number_id": "200"}
        await channel(story.db, code="other", hook_key=OTHER_HOOK, config={"provider": story.code, **other})
        await story.hear(status(), OTHER_HOOK)
        assert (await story.row("SELECT provider_message_id FROM callback"))[0] == SENT


async def test_an_erasure_waits_for_the_answer_to_a_call_under_way(notifications_db: Database) -> None:
    async with told(notifications_db) as story:
        [called] = await claim(story.db, limits=Limits(1, timedelta(minutes=1)))
        await apply(story.ctx, erased(BY_NUMBER))
        await eventually(story.comes_to, lambda place: place == "calls under way")  # others' transactions end
        await story.eraser().round()
        waits = await story.row("SELECT state, place FROM erasure")
        await record(story.db, Result(called, Outcome(Verdict.ACCEPTED, external_id=SENT)))
        await done(story.db, story.eraser())
        assert tuple(waits) == ("running", "calls under way")
        assert await story.found(NUMBER[-10:]) == set()


async def test_a_report_that_comes_again_meanwhile_does_not_stop_an_erasure(notifications_db: Database) -> None:
    """Its message has its name by then, and what was reported before does not."""
    async with told(notifications_db) as story:
        await story.db.pool.execute(FILLED[0], NUMBER, SENT)
        await story.hear(status())
        await apply(story.ctx, erased(BY_NUMBER))
        await eventually(story.comes_to_a_call, lambda place: place == "calls under way")
        await story.hear(status())
        await done(story.db, story.eraser())
        assert await story.found(NUMBER[-10:]) == set()


@pytest.mark.parametrize("left", LEFT_BESIDE)
async def test_what_the_release_before_stored_anew_stops_no_erasure(notifications_db: Database, left: str) -> None:
    """It may serve while this one does, and does not know what comes to it again."""
    async with told(notifications_db) as story:
        for statement, count in zip(FILLED, (2, 3, 2), strict=True):
            await story.db.pool.execute(statement, *(NUMBER, SENT, CUSTOMER)[:count])
        await story.erase()
        await story.db.pool.execute(left, SENT)
        await apply(story.ctx, ANOTHER)
        await done(story.db, story.eraser())
        assert await story.found(NUMBER[-10:]) == set()


async def test_what_cannot_be_read_of_others_stays_beside_a_late_report(notifications_db: Database) -> None:
    async with told(notifications_db) as story:
        await story.db.pool.execute(FILLED[0], NUMBER, SENT)
        await story.erase()
        unread = [{"recipient_id": NUMBER}, {"recipient_id": "79000000002"}]
        await story.hear({"statuses": [*status()["statuses"], *unread]})
        raw = bytes((await story.row("SELECT raw FROM unreadable"))["raw"])
        assert orjson.loads(raw) == {"entry[0].changes[0].statuses[2]": {"recipient_id": "79000000002"}}


async def test_who_comes_back_after_an_erasure_and_wants_no_advertisements_is_heard(
    notifications_db: Database,
) -> None:
    async with told(notifications_db) as story:
        await story.hear(stop(AT))
        await story.db.pool.execute("DELETE FROM outbox")
        await story.erase()
        await story.hear(stop(AT))
        late = await story.found(NUMBER[-10:])
        await story.hear(stop(AT + 60))
        assert late == set()
        assert {"address", "callback"} <= await story.found(NUMBER[-10:])


async def test_a_link_of_an_advertisement_ends_nothing_for_no_one(notifications_db: Database) -> None:
    async with told(notifications_db) as story:
        await story.db.pool.execute("UPDATE message SET marketing = true")
        await story.db.pool.execute("UPDATE channel SET kind = 'email'")
        await story.erase()
        await story.db.pool.execute("DELETE FROM outbox")
        attempt = await story.row("SELECT id FROM attempt")
        await unsubscribe(story.db, attempt["id"], story.clock.now(), None)
        left = [await story.db.pool.fetchval(f"SELECT count(*) FROM {table}") for table in ("address", "outbox")]
        assert left == [0, 0]


async def test_a_name_says_nothing_once_its_key_is_destroyed(notifications_db: Database) -> None:
    async with told(notifications_db) as story:
        await story.db.pool.execute(FILLED[0], NUMBER, SENT)
        await story.erase()
        await destroy_keys(story.ctx.core)
        kept = await story.db.pool.fetchval("SELECT count(*) FROM forgotten_key")
        story.clock.advance(KEPT + timedelta(hours=1))
        await destroy_keys(story.ctx.core)
        left = await story.db.pool.fetchval("SELECT count(*) FROM forgotten_key")
        await story.hear(status())
        assert (kept, left, (await story.row("SELECT state FROM callback"))["state"]) == (1, 0, "new")


async def test_ids_of_messages_go_with_the_age_of_their_reports(notifications_db: Database) -> None:
    async with told(notifications_db) as story:
        await story.hear(written())
        await story.db.pool.execute("INSERT INTO retention VALUES ('demo', 'callbacks', 30, '{}', 'ann')")
        story.clock.advance(timedelta(days=31))
        await Keeper(story.ctx.core, AGED).round()
        assert "callback" not in await story.found(NUMBER[-10:])


@asynccontextmanager
async def release_before(postgres_url: str) -> AsyncIterator[tuple[str, asyncpg.Connection]]:
    """Notifications' tables of the release before: the URL to migrate, and a connection."""
    async with empty_database(postgres_url) as admin_url:
        url = StackDatabase(admin_url, {}).url("notifications")
        await migrate("notifications", url, to="notifications_0040")
        conn = await asyncpg.connect(url)
        try:
            yield url, conn
        finally:
            await conn.close()


async def test_ids_that_erasures_of_the_release_before_have_left_go_with_the_upgrade(postgres_url: str) -> None:
    async with release_before(postgres_url) as (url, conn):
        for statement in LEFT:
            await conn.execute(statement.format(name=SENT, lead=LEAD))
        before = await tables_with(conn, "notifications", NUMBER[-10:])
        await migrate("notifications", url)
        after = await tables_with(conn, "notifications", NUMBER[-10:])
        others = [row[0] for row in await conn.fetch(OTHERS)]
        known = [row[0] for row in await conn.fetch(KNOWN, [CHANNEL_ID], [await conn.fetchval(NAME, SENT)])]
    assert (before, after) == ({"attempt", "callback", "received_message"}, set())
    assert others == ["another", "complaint"]
    assert known == [CHANNEL_ID]


async def test_the_upgrade_names_callbacks_of_no_message_by_stretches(postgres_url: str) -> None:
    """There may be millions of them."""
    async with release_before(postgres_url) as (url, conn):
        await conn.execute(MANY, CHANNEL_ID)
        await migrate("notifications", url)
        rows = await conn.fetch(STEPS)
    assert [row["named"] for row in rows] == [5000, 5000, 1]


OTHERS = """
SELECT provider_message_id FROM attempt WHERE NOT starts_with(provider_message_id, 'erased ')
UNION ALL SELECT provider_message_id FROM callback WHERE NOT starts_with(provider_message_id, 'erased ')
"""
NAME = """
SELECT 'erased ' || encode(sha256(key || convert_to($1, 'UTF8')), 'hex') FROM forgotten_key
"""
MANY = """
INSERT INTO callback (desk, channel_id, kind, provider_message_id, status, at, payload, state, received_at,
                      stored_at, look_at)
SELECT 'demo', $1, 'inbound', 'n-' || n, '', now(), '{}', 'kept', now(), now(), now()
FROM generate_series(1, 10001) AS n
"""
STEPS = """
SELECT count(*) AS named FROM callback WHERE starts_with(provider_message_id, 'erased ')
GROUP BY xmin ORDER BY min(id)
"""
CHANNEL_ID = UUID(int=1)
LEFT = (
    f"""
    INSERT INTO channel (id, desk, code, kind, provider, config, secrets, account, provider_channel_id, hook_key,
                         rate_5s, active, version, created_at)
    VALUES ('{CHANNEL_ID}', 'demo', 'main', 'whatsapp', 'whatsapp_cloud', '{{{{}}}}', 'v1.x', 'a', 'c', 'h', 1,
            true, 1, now())
    """,
    """
    INSERT INTO message (id, desk, lead_id, dedupe_key, key, purpose, template, language, channel, provider,
                         address, text, state, rung, ahead, passed, published, requested_at, changed_at,
                         correlation_id)
    SELECT gen_random_uuid(), 'demo', nullif(lead, '')::uuid, 'k' || lead, 'k', 'p', 't', 'ru', 'whatsapp',
           'whatsapp_cloud', '', '', 'delivered', 1, '[]', '[]', '{{}}', now(), now(), gen_random_uuid()
    FROM unnest(ARRAY['{lead}', '']) AS lead
    """,
    f"""
    INSERT INTO attempt (id, desk, message_id, number, channel_id, address, state, due_at, tries,
                         provider_message_id)
    SELECT gen_random_uuid(), 'demo', id, 1, '{CHANNEL_ID}', CASE WHEN lead_id IS NULL THEN 'x' ELSE '' END,
           'accepted', now(), 1, CASE WHEN lead_id IS NULL THEN 'another' ELSE '{{name}}' END
    FROM message
    """,
    f"""
    INSERT INTO received_message (id, desk, channel_id, external_id, direction, known_by, content, at, received_at,
                                  customer_id, lead_id)
    VALUES (gen_random_uuid(), 'demo', '{CHANNEL_ID}', '{{name}}', 'in', '[]', 'text', now(), now(),
            gen_random_uuid(), '{{lead}}')
    """,
    f"""
    INSERT INTO callback (desk, channel_id, kind, provider_message_id, status, at, payload, state, message_id,
                          received_at, stored_at, look_at)
    SELECT 'demo', '{CHANNEL_ID}', 'status', '{{name}}', '', now(), '{{{{}}}}', 'applied', id, now(), now(), now()
    FROM message WHERE lead_id IS NOT NULL
    """,
    f"""
    INSERT INTO callback (desk, channel_id, kind, provider_message_id, status, at, payload, state, received_at,
                          stored_at, look_at)
    VALUES ('demo', '{CHANNEL_ID}', 'inbound', '{{name}}', '', now(), '{{{{}}}}', 'kept', now(), now(), now())
    """,
    # A complaint about a mail has no more than its name.
    f"""
    INSERT INTO callback (desk, channel_id, kind, provider_message_id, reference, status, at, payload, state,
                          received_at, stored_at, look_at)
    VALUES ('demo', '{CHANNEL_ID}', 'preference', 'complaint', 'complaint', 'complaint', now(), '{{{{}}}}', 'kept',
            now(), now(), now())
    """,
    "INSERT INTO erased (id, kind, desk, erasure_id) VALUES ('{lead}', 'lead', 'demo', gen_random_uuid())",
)
