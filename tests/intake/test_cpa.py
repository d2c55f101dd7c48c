"""Orders of an affiliate network, from the webhook to the lead."""

import pytest

from libs.common.contracts.intake import LeadReceivedV2
from tests.intake.api import Api, order_in
from tests.intake.payloads import raw_of

NEW = {"desk": "demo", "code": "network", "playbook": "callback", "zone": "Europe/Moscow"}
KEY = "partner-key-invented"


async def webhook(api: Api) -> str:
    made = await api.ok("POST", "/sources", {**NEW, "config": {"format": "cpa"}, "secret": KEY})
    return str(made["hook"])


async def post(api: Api, url: str, body: bytes) -> dict[str, str]:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = await api.send("POST", url, content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    document: dict[str, str] = answer.json()
    return document


@pytest.mark.req("P.1")
async def test_an_order_is_a_lead_with_its_webmaster_and_is_answered_with_our_id(api: Api) -> None:
    answer = await post(api, await webhook(api), raw_of("cpa/inbound_order_normal_form").body)
    [lead] = await api.said(LeadReceivedV2)
    assert answer == {"status": "ok", "id": str(lead.lead_id)}
    assert lead.marketing == {"webmaster": "5", "flow": "123", "sub1": "a", "sub2": "b"}
    assert order_in(lead).external_id == "550012"


@pytest.mark.req("P.2")
async def test_an_order_that_comes_twice_has_one_answer(api: Api) -> None:
    url, body = await webhook(api), raw_of("cpa/inbound_order_normal_form").body
    assert await post(api, url, body) == await post(api, url, body)
    assert await api.count("lead") == 1


async def test_an_order_without_a_contact_is_kept_and_answered_with_an_error(api: Api) -> None:
    answer = await post(api, await webhook(api), f"key={KEY}&id=1&name=Anna".encode())
    assert answer == {"status": "error", "error": "no_contact"}
    assert await api.count("delivery") == 1


async def test_a_local_number_is_read_in_its_country(api: Api) -> None:
    await post(api, await webhook(api), f"key={KEY}&id=1&country=ge&phone=555+12+34+56".encode())
    [lead] = await api.said(LeadReceivedV2)
    assert lead.person.phone == "+995555123456"


async def test_the_key_proves_the_network_and_is_not_kept(api: Api) -> None:
    url, raw = await webhook(api), raw_of("cpa/inbound_order_normal_form")
    await post(api, url, raw.body)
    answer = await api.send("POST", url, content=raw.body.replace(b"partner", b"another"), headers=raw.headers)
    assert answer.status_code == 401
    assert (await api.ctx.core.db.pool.fetchval("SELECT body FROM delivery")).startswith(b"key=***&id=550012&")
