"""Templates by kind of channel: short texts for SMS, the messenger's own templates outside of its window (S2.5)."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime

import pytest

from deploy.standins.whatsapp_cloud import WhatsAppCloudStandin
from libs.common.contracts.notifications import MessageFailed
from libs.common.platform.clock import ManualClock
from libs.common.platform.db import Database
from tests.notifications.api import Api, running_api
from tests.notifications.gateways import Gateways, open_gateways
from tests.notifications.support import DESK, approved_template, requested, worker
from tests.support.patience import eventually

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
REGISTERED = {
    "name": "order_new",
    "languages": {"ru": "ru_RU"},
    "parameters": ["{name}", "№ {order_number}"],
    "buttons": [{"kind": "quick_reply", "payload": "ok-{order_number}"}],
    "marketing": False,
}
VARIANTS = {"sms": {"bodies": {"ru": "Заказ {order_number}"}}, "whatsapp": {"registered": REGISTERED}}
BODIES = {"ru": "Здравствуйте, {name}! Заказ {order_number} принят"}
REJECTED = "SELECT FROM registration WHERE NOT usable"


@pytest.fixture
async def desk(notifications_db: Database) -> AsyncIterator[Gateways]:
    async with open_gateways(notifications_db, ["whatsapp_cloud", "twilio"], clock=ManualClock(NOW)) as opened:
        await approved_template(notifications_db, bodies=BODIES, variants=VARIANTS)
        yield opened


@pytest.fixture
async def api(notifications_db: Database) -> AsyncIterator[Api]:
    async with running_api(notifications_db) as opened:
        yield opened


async def reject(desk: Gateways) -> None:
    """Let Meta reject the desk's template."""
    standin = desk.gateways["whatsapp_cloud"]
    assert isinstance(standin, WhatsAppCloudStandin)
    standin.judge(next(iter(standin.accounts.values())), "order_new", "ru_RU", "REJECTED", "TAG_CONTENT_MISMATCH")
    await eventually(lambda: desk.rows(REJECTED), bool)


@pytest.mark.req("S2.5")
async def test_an_sms_has_its_own_approved_text_and_its_segments_are_counted(desk: Gateways) -> None:
    async with worker(desk.context()):
        await desk.request(requested(channels=("sms",), variables={"order_number": "1" * 100}))
        await desk.until("delivered")
    (row,) = await desk.rows("SELECT text, segments, parts FROM message")
    assert desk.texts("twilio") == [row["text"]] == ["Заказ " + "1" * 100]
    assert (row["segments"], row["parts"]) == (2, None)


@pytest.mark.req("S4.12")
async def test_outside_of_the_window_the_registered_template_leaves_with_its_values(desk: Gateways) -> None:
    async with worker(desk.context()):
        await desk.request(requested())
        await desk.until("delivered")
    (text,) = desk.texts("whatsapp_cloud")
    assert text == "template order_new: Анна, № 1042"


async def test_inside_of_the_window_the_free_text_leaves(desk: Gateways) -> None:
    desk.write("whatsapp_cloud", "Здравствуйте")
    await eventually(lambda: desk.rows("SELECT FROM conversation"), bool)
    async with worker(desk.context()):
        await desk.request(requested())
        await desk.until("delivered")
    assert desk.texts("whatsapp_cloud") == ["Здравствуйте, Анна! Заказ 1042 принят"]


async def test_a_window_that_closed_in_the_meantime_lets_the_registered_template_leave(desk: Gateways) -> None:
    desk.write("whatsapp_cloud", "Здравствуйте")
    await eventually(lambda: desk.rows("SELECT FROM conversation"), bool)
    desk.gateways["whatsapp_cloud"].written.clear()
    async with worker(desk.context()):
        await desk.request(requested())
        await desk.until("delivered")
    assert [text[:8] for text in desk.texts("whatsapp_cloud")] == ["Здравств", "template"]


async def test_a_template_that_the_messenger_has_rejected_is_not_sent(desk: Gateways) -> None:
    await reject(desk)
    async with worker(desk.context()):
        await desk.request(requested())
        await desk.until("failed")
    (event,) = await desk.events()
    assert isinstance(event, MessageFailed)
    assert (event.code, desk.texts("whatsapp_cloud")) == ("template_unusable", [])


async def test_what_the_messenger_says_of_a_template_is_shown_with_it(desk: Gateways, api: Api) -> None:
    await reject(desk)
    newest, first = (await api.call("GET", "/templates", role="operator")).json()["items"]
    (shown,) = newest["registrations"]
    assert (shown["name"], shown["state"], shown["reason"]) == ("order_new", "rejected", "TAG_CONTENT_MISMATCH")
    assert first["registrations"] == []


async def test_an_older_word_on_a_template_changes_nothing(desk: Gateways) -> None:
    await reject(desk)
    standin = desk.gateways["whatsapp_cloud"]
    standin.clock = ManualClock(NOW.replace(hour=8))
    assert isinstance(standin, WhatsAppCloudStandin)
    standin.judge(next(iter(standin.accounts.values())), "order_new", "ru_RU", "APPROVED")
    await eventually(lambda: desk.rows("SELECT FROM callback"), lambda rows: len(rows) == 2)
    assert await desk.rows(REJECTED)


async def propose(api: Api, variants: Mapping[str, object]) -> tuple[int, list[str]]:
    body = {"desk": DESK, "code": "hello", "bodies": {"ru": "Привет, {name}"}, "variants": variants}
    answer = await api.call("POST", "/templates", body, role="operator")
    return answer.status_code, [error["pointer"] for error in answer.json().get("errors", ())]


@pytest.mark.parametrize(
    ("variants", "pointer"),
    [
        ({"sms": {"bodies": {"ru": "Привет, {"}}}, "/variants/sms/bodies/ru"),
        ({"whatsapp": {"registered": {**REGISTERED, "parameters": ["{name}", " "]}}},
         "/variants/whatsapp/registered/parameters/1"),
        ({"whatsapp": {"registered": {**REGISTERED, "name": "Order New"}}}, "/variants/whatsapp/registered/name"),
        ({"pigeon": {}}, "/variants/pigeon"),
    ],
)  # fmt: skip
async def test_a_faulty_variant_is_refused_at_its_place(
    api: Api, variants: Mapping[str, object], pointer: str
) -> None:
    status, pointers = await propose(api, variants)
    assert status == 422
    assert [one.removesuffix("/[key]") for one in pointers] == [pointer]


async def test_the_placeholders_of_all_variants_are_listed(api: Api) -> None:
    assert (await propose(api, VARIANTS))[0] == 201
    (shown,) = (await api.call("GET", "/templates?code=hello")).json()["items"]
    assert shown["placeholders"] == ["name", "order_number"]
    assert shown["variants"]["whatsapp"]["registered"]["languages"] == {"ru": "ru_RU"}


async def test_a_changed_variant_is_a_new_version(api: Api) -> None:
    statuses = [(await propose(api, variants))[0] for variants in ({}, VARIANTS, VARIANTS)]
    assert statuses == [201, 201, 409]
