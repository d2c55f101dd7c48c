"""Templates one by one, and retired ones, over HTTP."""

from collections.abc import AsyncIterator

import httpx
import orjson
import pytest

from libs.common.contracts import REGISTRY
from libs.common.contracts.notifications import TemplateApproved, TemplateRetired
from libs.common.platform.db import Database
from services.notifications.templates.actions import announce_templates
from tests.notifications.api import Api, running_api
from tests.notifications.support import BODIES, DESK, open_desk, requested

TEMPLATE = {"desk": DESK, "code": "order_received", "bodies": BODIES}
PATH = "/templates/order_received"


@pytest.fixture
async def api(notifications_db: Database) -> AsyncIterator[Api]:
    async with running_api(notifications_db) as opened:
        yield opened


async def approved(api: Api, number: int = 1, **changes: object) -> None:
    """Propose and approve a version."""
    await api.call("POST", "/templates", {**TEMPLATE, **changes})
    assert (await approve(api, number)).is_success


async def approve(api: Api, number: int) -> httpx.Response:
    return await api.call("POST", f"{PATH}/versions/{number}/approve")


async def retire(api: Api, **options: str) -> httpx.Response:
    return await api.call("POST", f"{PATH}/retire", **options)


async def listed(api: Api, state: str) -> list[int]:
    return [item["version"] for item in (await api.call("GET", f"/templates?state={state}")).json()["items"]]


async def retirements(api: Api) -> list[tuple[str, object]]:
    rows = await api.ctx.core.db.pool.fetch(
        "SELECT type, key, body FROM outbox WHERE type = $1", TemplateRetired.event_type
    )
    return [(row["key"], REGISTRY[row["type"]].model_validate(orjson.loads(row["body"]))) for row in rows]


@pytest.mark.req("S2.5")
async def test_a_template_shows_its_newest_version_and_the_one_in_use(api: Api) -> None:
    await approved(api)
    await api.call("POST", "/templates", {**TEMPLATE, "bodies": {"ru": "Новый текст"}})
    shown = (await api.call("GET", PATH, role="operator")).json()
    assert (shown["newest"]["version"], shown["newest"]["state"], shown["approved"]["version"]) == (
        2,
        "proposed",
        1,
    )


@pytest.mark.req("S2.5")
async def test_a_version_is_tried_with_values_before_it_is_approved(api: Api) -> None:
    body = {**TEMPLATE, "bodies": {"ru": "{name}, ваш заказ {order_number}"}}
    await api.call("POST", "/templates", {**body, "variants": {"sms": {"bodies": {"ru": "Заказ {order_number}"}}}})
    path, values = f"{PATH}/versions/1/preview", {"values": {"order_number": "1001"}}
    texts = (await api.call("POST", path, values, role="operator")).json()["texts"]
    assert [(one["channel"], one["filled"], one["unfilled"], one["segments"]) for one in texts] == [
        (None, None, ["name"], None),
        ("sms", "Заказ 1001", [], 1),
    ]
    assert (await api.call("POST", f"{PATH}/versions/2/preview", values)).status_code == 404


async def test_a_template_of_another_desk_does_not_exist(api: Api) -> None:
    await approved(api)
    answers = [
        await api.call("GET", PATH, role="operator", desk="other"),
        await retire(api, role="supervisor", desk="other"),
    ]
    assert [answer.status_code for answer in answers] == [404, 404]


async def test_of_two_desks_with_the_template_one_must_be_named(api: Api) -> None:
    await approved(api)
    headers = api.headers("admin", ["*"])
    await api.http.post("/notifications/v1/templates", json={**TEMPLATE, "desk": "other"}, headers=headers)
    answers = [
        await api.http.get(f"/notifications/v1{PATH}{query}", headers=headers) for query in ("", "?desk=other")
    ]
    assert [answer.status_code for answer in answers] == [422, 200]


@pytest.mark.req("U22")
async def test_a_retired_template_is_in_use_no_more_and_published_once(api: Api) -> None:
    await approved(api)
    shown = [(await retire(api, role="supervisor")).json() for _ in range(2)][-1]
    assert (shown["approved"], shown["newest"]["state"], shown["newest"]["retired_by"]) == (
        None, "retired", "supervisor",
    )  # fmt: skip
    retired = TemplateRetired(code="order_received", actor="supervisor")
    assert await retirements(api) == [("desk:demo", retired)]


async def test_operators_retire_nothing(api: Api) -> None:
    await approved(api)
    assert (await retire(api, role="operator")).status_code == 403


async def test_the_list_tells_retired_versions_apart(api: Api) -> None:
    await approved(api)
    await api.call("POST", "/templates", {**TEMPLATE, "bodies": {"ru": "Новый текст"}})
    before = [await listed(api, state) for state in ("proposed", "approved", "retired")]
    await retire(api)
    after = [await listed(api, state) for state in ("proposed", "approved", "retired")]
    assert (before, after) == ([[2], [1], []], [[], [], [2, 1]])


@pytest.mark.req("U22")
async def test_a_retired_version_is_not_approved_again_but_its_texts_are_as_a_new_one(api: Api) -> None:
    await approved(api)
    await retire(api)
    refused = await approve(api, 1)
    await approved(api, 2)
    assert (refused.status_code, refused.json()["code"]) == (409, "template_retired")
    assert (await api.call("GET", PATH)).json()["approved"]["version"] == 2


@pytest.mark.req("U22")
async def test_a_message_of_a_retired_template_fails_as_of_one_that_is_not_approved(
    notifications_db: Database,
) -> None:
    async with open_desk(notifications_db) as desk, running_api(notifications_db) as api:
        assert (await retire(api)).is_success
        await desk.request(requested())
        (message,) = (await api.call("GET", "/messages")).json()["items"]
    assert (message["state"], message["code"]) == ("failed", "template_not_approved")


@pytest.mark.req("P.1", "S2.5")
async def test_templates_in_use_of_an_earlier_release_are_published_once(api: Api) -> None:
    await approved(api)
    await api.call("POST", "/templates", {**TEMPLATE, "code": "other"})
    await api.call("POST", "/templates/other/versions/1/approve")
    await api.call("POST", "/templates/other/retire")
    db, published = api.ctx.core.db, "SELECT count(*) FROM outbox WHERE type = $1"
    before = await db.pool.fetchval(published, TemplateApproved.event_type)
    await db.pool.execute("UPDATE template SET announced_at = NULL")
    now = api.ctx.core.clock.now()
    assert [await announce_templates(db, now) for _ in range(2)] == [1, 0]
    assert await db.pool.fetchval(published, TemplateApproved.event_type) == before + 1


@pytest.mark.req("S4.12")
async def test_templates_are_found_by_the_situation_of_the_customer(api: Api) -> None:
    await api.call("POST", "/templates", {**TEMPLATE, "situation": "own_currency"})
    await api.call("POST", "/templates", {**TEMPLATE, "code": "other"})
    found = (await api.call("GET", "/templates?situation=own_currency")).json()["items"]
    assert [(one["code"], one["situation"]) for one in found] == [("order_received", "own_currency")]


@pytest.mark.req("S4.12")
async def test_types_of_placeholders_are_checked_when_proposed_and_when_tried(api: Api) -> None:
    typed = {**TEMPLATE, "bodies": {"ru": "Оплата: {payment_link}"}}
    refused = await api.call("POST", "/templates", {**typed, "types": {"payment_link": "money", "sum": "money"}})
    await approved(api, bodies=typed["bodies"], types={"payment_link": "link"})
    tried = await api.call("POST", f"{PATH}/versions/1/preview", {"values": {"payment_link": "скоро"}})
    assert [(fault["pointer"], fault["code"]) for fault in refused.json()["errors"]] == [
        ("/types/payment_link", "wrong_type"),
        ("/types/sum", "unknown_placeholder"),
    ]
    assert [text["mistyped"] for text in tried.json()["texts"]] == [["payment_link"]]


@pytest.mark.req("S4.12")
async def test_a_value_of_another_type_stops_the_message(notifications_db: Database) -> None:
    async with open_desk(notifications_db) as desk, running_api(desk.db, desk.url) as api:
        await approved(api, 2, bodies={"ru": "Мест: {places}"}, types={"places": "number"})
        message = requested(variables={"places": "много"})
        await desk.request(message)
        shown = (await api.call("GET", f"/messages/{message.message_id}")).json()
    assert (shown["state"], shown["code"], shown["detail"]) == (
        "failed", "template_mistyped", "mistyped: places",
    )  # fmt: skip
