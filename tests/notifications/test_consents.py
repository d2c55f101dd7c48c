"""What customers withdraw stops every channel at once: what is asked for, what waits, what people write (P.14)."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, time
from uuid import UUID

import pytest

from libs.common.contracts import Received
from libs.common.contracts.consents import ConsentChanged
from libs.common.contracts.notifications import AdvertisingSwitched, MessageFailed
from libs.common.contracts.shared import Purpose
from libs.common.contracts.tasks import MessageRequested
from libs.common.platform.clock import ManualClock
from libs.common.platform.db import Database
from libs.common.platform.ids import uuid7
from services.notifications.consents.rules import Consent
from services.notifications.providers.values import Reading, Remember, Report, ReportKind
from services.notifications.sending.rules import Quiet, Sending
from services.notifications.subscriptions import subscriptions
from services.notifications.webhooks.store import Body, Origin, store_bodies
from tests.notifications.api import running_api
from tests.notifications.gateways import Gateways, open_gateways
from tests.notifications.support import CAUSE, DESK, approved_template, requested, worker
from tests.notifications.test_conversations import hear, resolve
from tests.notifications.test_received import CUSTOMER, said
from tests.notifications.test_sending import ADVERTISEMENT, says

pytestmark = pytest.mark.req("P.14")
EVENING = datetime(2026, 3, 2, 18, 30, tzinfo=UTC)
ALL, ADS = tuple(Purpose), (Purpose.MARKETING,)
BOTH = ("whatsapp", "sms")
ANNA = UUID(int=7)


@pytest.fixture
async def desk(notifications_db: Database) -> AsyncIterator[Gateways]:
    """A desk with Wazzup and Twilio, in the evening."""
    async with open_gateways(notifications_db, ["wazzup", "twilio"], clock=ManualClock(EVENING)) as opened:
        await approved_template(opened.db, "sale", variants={"whatsapp": {"registered": ADVERTISEMENT}})
        yield opened


async def consents(
    desk: Gateways, *closed: Purpose, listed: bool = False, customer_id: UUID = ANNA, sequence: int = 1
) -> None:
    """Hear for what Anna is not written to any more."""
    data = ConsentChanged(customer_id=customer_id, closed=closed, listed=listed, actor="ann")
    event = Received(uuid7(), f"customer:{customer_id}", DESK, EVENING, sequence, CAUSE, data)
    ctx = desk.context()
    async with desk.db.begin() as tx:
        await subscriptions(ctx)[data.event_type](tx, [event])
        await tx.commit()
    await ctx.transport.close()


def to_anna(**members: object) -> MessageRequested:
    return requested(customer_id=ANNA, **members)


async def failures(desk: Gateways) -> list[str]:
    return [one.code for one in await desk.events() if isinstance(one, MessageFailed)]


async def sent(desk: Gateways) -> int:
    return await desk.accepted() + len(desk.texts("twilio"))


@pytest.mark.parametrize(
    ("consent", "of_affairs", "of_ads"),
    [
        (Consent(), None, None),
        (Consent(ADS), None, "consent_withdrawn"),
        (Consent(ALL), "consent_withdrawn", "consent_withdrawn"),
        (Consent((Purpose.CALLS,)), None, None),
        (Consent((), listed=True), "black_listed", "black_listed"),
    ],
)
def test_what_is_closed_is_refused(consent: Consent, of_affairs: str | None, of_ads: str | None) -> None:
    assert [consent.refusal(marketing=marketing) for marketing in (False, True)] == [of_affairs, of_ads]


async def test_a_message_to_who_withdrew_is_not_sent_and_others_are(desk: Gateways) -> None:
    await consents(desk, *ALL)
    await desk.request(to_anna(channels=BOTH), to_anna(to_customer=False), requested(customer_id=UUID(int=8)))
    assert (await failures(desk), await desk.attempts()) == (["consent_withdrawn"], ["pending", "pending"])


async def test_who_wants_no_advertisements_gets_what_is_of_their_affairs(desk: Gateways) -> None:
    await consents(desk, *ADS)
    await desk.request(to_anna(template="sale"), to_anna())
    assert (await failures(desk), await desk.attempts()) == (["consent_withdrawn"], ["pending"])


async def test_what_waits_for_the_morning_or_its_turn_stops_by_all_channels_at_once(desk: Gateways) -> None:
    await desk.request(to_anna(channels=BOTH))
    await says(desk, Sending(Quiet(time(21), time(9))))
    await desk.request(to_anna(channels=BOTH))
    assert await desk.attempts() == ["pending", "held"]
    await consents(desk, *ALL)
    assert (await failures(desk), await desk.attempts()) == (["consent_withdrawn"] * 2, ["refused"] * 2)


async def test_a_withdrawal_of_advertisements_leaves_what_else_waits(desk: Gateways) -> None:
    await desk.request(to_anna(template="sale"), to_anna())
    await consents(desk, *ADS)
    assert (await failures(desk), sorted(await desk.attempts())) == (["consent_withdrawn"], ["pending", "refused"])


async def test_who_is_on_the_black_list_is_not_written_to_until_they_are_taken_from_it(desk: Gateways) -> None:
    await consents(desk, listed=True)
    await desk.request(to_anna())
    await consents(desk, sequence=3)
    await consents(desk, listed=True, sequence=2)
    await desk.request(to_anna())
    assert (await failures(desk), await desk.attempts()) == (["black_listed"], ["pending"])


async def test_a_request_that_saw_no_withdrawal_is_stopped_before_its_call(desk: Gateways) -> None:
    ctx, event = desk.context(), to_anna(channels=BOTH)
    async with desk.db.begin() as tx:
        received = Received(uuid7(), "lead:1", DESK, EVENING, 1, CAUSE, event)
        await subscriptions(ctx)[event.event_type](tx, [received])
        await consents(desk, *ALL)
        await tx.commit()
    async with worker(ctx):
        await desk.until("failed")
    assert (await failures(desk), await sent(desk)) == (["consent_withdrawn"], 0)


async def test_a_switch_at_the_provider_is_published_and_a_blocked_bot_is_none(desk: Gateways) -> None:
    [channel_id] = [row["id"] for row in await desk.rows("SELECT id FROM channel WHERE kind = 'whatsapp'")]
    origin = Origin(DESK, channel_id, "whatsapp", "wazzup")
    wishes = (Remember.OPTED_OUT_OF_MARKETING, Remember.OPTED_OUT, Remember.OPTED_IN)
    reports = [
        Report(ReportKind.PREFERENCE, f"w{n}", EVENING, "switch", {}, address="79000000001", remember=wish)
        for n, wish in enumerate(wishes)
    ]
    await store_bodies(desk.db, [Body(origin, Reading(reports), b"{}", EVENING)])
    said_so = [one for one in await desk.events() if isinstance(one, AdvertisingSwitched)]
    assert [(one.wanted, one.person.identities[0].value) for one in said_so] == [
        (False, "+79000000001"),
        (True, "+79000000001"),
    ]


async def test_an_answer_to_who_withdrew_is_refused_until_they_consent_again(desk: Gateways) -> None:
    await hear(desk, said())
    await resolve(desk)
    await consents(desk, *ALL, customer_id=CUSTOMER)
    path = f"/conversations/{CUSTOMER}/messages"
    async with running_api(desk.db) as api:
        refused = await api.call("POST", path, {"text": "Заказ уже в пути"}, role="supervisor")
        [thread] = (await api.call("GET", "/conversations", role="supervisor")).json()["items"]
        await consents(desk, customer_id=CUSTOMER, sequence=2)
        taken = await api.call("POST", path, {"text": "Заказ уже в пути"}, role="supervisor")
    assert {way["refusal"] for way in thread["ways"]} == {"consent_withdrawn"}
    assert (refused.json()["reason"], refused.status_code, taken.status_code) == ("consent_withdrawn", 409, 201)
