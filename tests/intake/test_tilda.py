"""Deliveries of Tilda, from the webhook to the events."""

import pytest

from libs.common.contracts.intake import LeadReceivedV2, OrderChanged
from libs.common.contracts.shared import OrderStatus
from tests.intake.api import Api, order_in
from tests.intake.payloads import raw_of

NEW = {"desk": "demo", "code": "site", "playbook": "callback", "zone": "Europe/Moscow"}


async def webhook(api: Api, **config: object) -> str:
    made = await api.ok("POST", "/sources", {**NEW, "config": {"format": "tilda", "auth": "none", **config}})
    return str(made["hook"])


async def post(api: Api, url: str, sample: str) -> tuple[int, str]:
    raw = raw_of(f"tilda/{sample}")
    answer = await api.send("POST", url, content=raw.body, headers=raw.headers)
    return answer.status_code, answer.text


async def dispositions(api: Api) -> list[tuple[object, object]]:
    listed = await api.ok("GET", "/deliveries")
    items = listed["items"]
    assert isinstance(items, list)
    return [(each["disposition"], each["kinds"]) for each in reversed(items)]


@pytest.mark.req("P.2")
async def test_the_trial_of_a_new_address_is_understood_and_makes_nothing(api: Api) -> None:
    url = await webhook(api)
    assert await post(api, url, "test_ping") == (200, "ok")
    assert await dispositions(api) == [("noted", ["ping"])]
    assert await api.count("lead") == 0


@pytest.mark.req("P.1")
@pytest.mark.parametrize("sample", ["cart_order_form", "cart_order_json", "cart_payment_string", "form"])
async def test_a_submission_of_any_shape_becomes_a_lead(api: Api, sample: str) -> None:
    assert await post(api, await webhook(api), sample) == (200, "ok")
    [lead] = await api.said(LeadReceivedV2)
    assert (lead.person.phone, order_in(lead).external_id is not None) == ("+79000000001", True)


@pytest.mark.req("P.2")
async def test_a_submission_that_is_sent_again_is_a_repeat_also_after_its_payment(api: Api) -> None:
    url = await webhook(api)
    for sample in ("cart_payment_string", "cart_paid", "cart_payment_string", "cart_paid"):
        await post(api, url, sample)
    assert [found for found, _ in await dispositions(api)] == ["accepted", "accepted", "repeat", "repeat"]
    [paid] = await api.said(OrderChanged)
    assert paid.to_status is OrderStatus.PAID


@pytest.mark.parametrize(
    "body", ["phone=89000000001&token={}&tranid=1:2", '{{"phone": "89000000001", "token": "{}"}}']
)
async def test_the_api_key_of_the_form_is_a_token_that_is_not_kept(api: Api, body: str) -> None:
    url, token = await webhook(api, auth="token"), "token-of-the-site"
    source = (await api.ok("GET", "/sources"))["items"][0]  # type: ignore[index] # a JSON list
    secret = (await api.ok("POST", f"/sources/{source['id']}/rotate", {}))["secret"]
    headers = raw_of("tilda/form").headers
    bodies = [body.format(each).encode() for each in (token, secret)]
    sent = [(await api.send("POST", url, content=each, headers=headers)).status_code for each in bodies]
    assert sent == [401, 200]
    assert str(secret).encode() not in await api.ctx.core.db.pool.fetchval("SELECT body FROM delivery")
