"""In which zone a customer is, and by what that is known: address, phone, desk (P.13)."""

import pytest

from libs.common.contracts.intake import LeadReceivedV2, LeadUpdated
from libs.common.domain.zones import zone_of_phone
from tests.intake.api import MOSCOW, Api
from tests.intake.test_identities import TELEGRAM, customer_of, post, written
from tests.intake.test_merges import got, merged, step

OMSK, NOVOSIBIRSK, BERLIN = "Asia/Omsk", "Asia/Novosibirsk", "Europe/Berlin"
SIBERIAN, GERMAN = "+73832222222", "+4930123456"


async def live_in(api: Api, customer_id: object, zone: str | None) -> int:
    version = (await got(api, f"/customers/{customer_id}"))["version"]
    headers = {"if-match": f'"{version}"'}
    answer = await api.call("PATCH", f"/customers/{customer_id}", {"zone": zone}, headers=headers)
    return answer.status_code


@pytest.mark.req("P.13")
@pytest.mark.parametrize(
    ("phone", "zone", "by"),
    [(SIBERIAN, NOVOSIBIRSK, "phone"), (GERMAN, BERLIN, "phone"), ("+79161234567", MOSCOW, "desk")],
)
async def test_a_number_of_one_zone_alone_says_where_its_owner_is(api: Api, phone: str, zone: str, by: str) -> None:
    customer_id = await customer_of(api, phone)
    [born] = await api.said(LeadReceivedV2)
    shown = [await got(api, f"/leads/{born.lead_id}"), await got(api, f"/customers/{customer_id}")]
    assert (born.zone, born.zone_source) == (zone, by)
    assert [(view["zone"], view["zone_source"]) for view in shown] == [(zone, by)] * 2


@pytest.mark.req("P.13")
async def test_a_number_that_comes_later_says_it_too(api: Api) -> None:
    await written(api, TELEGRAM)
    [born] = await api.said(LeadReceivedV2)
    await post(api, born.customer_id, "phone", SIBERIAN)
    [updated] = await api.said(LeadUpdated)
    assert (born.zone, updated.zone, updated.zone_source) == (MOSCOW, NOVOSIBIRSK, "phone")
    await post(api, born.customer_id, "phone", SIBERIAN, "/detach")
    assert (await api.said(LeadUpdated))[-1].zone == MOSCOW


@pytest.mark.req("P.13")
async def test_a_delivery_that_brings_the_number_says_it_too(api: Api) -> None:
    url = await api.source()
    for body in (
        {"external_id": "1", "email": "a@b.ru"},
        {"external_id": "1", "email": "a@b.ru", "phone": SIBERIAN},
    ):
        await api.deliver(url, body)
    [updated] = await api.said(LeadUpdated)
    assert (updated.zone, updated.zone_source) == (NOVOSIBIRSK, "phone")


@pytest.mark.req("P.13")
async def test_an_address_says_more_than_a_number_and_later_leads_have_it(api: Api) -> None:
    customer_id = await customer_of(api, SIBERIAN)
    assert await live_in(api, customer_id, OMSK) == 200
    await customer_of(api, f"8{SIBERIAN[2:]}")
    assert [event.zone for event in await api.said(LeadUpdated)] == [OMSK]
    later = (await api.said(LeadReceivedV2))[-1]
    assert (later.zone, later.zone_source) == (OMSK, "address")
    assert await live_in(api, customer_id, None) == 200
    assert {event.zone for event in (await api.said(LeadUpdated))[1:]} == {NOVOSIBIRSK}


@pytest.mark.req("P.13", "P.15")
async def test_merged_customers_are_where_the_winner_is(api: Api) -> None:
    winner, loser = await customer_of(api), await customer_of(api, GERMAN)
    await live_in(api, winner, OMSK)
    receipt = await merged(api, "customer", (winner, loser))
    assert {event.zone for event in (await api.said(LeadUpdated))[-2:]} == {OMSK}
    await step(api, receipt, "undo")
    assert sorted(event.zone for event in (await api.said(LeadUpdated))[-2:]) == [OMSK, BERLIN]


async def test_a_zone_is_one_and_not_stale(api: Api) -> None:
    customer_id = await customer_of(api)
    assert await live_in(api, customer_id, "Moscow") == 422
    answer = await api.call("PATCH", f"/customers/{customer_id}", {"zone": OMSK}, headers={"if-match": '"9"'})
    assert answer.status_code == 412


@pytest.mark.parametrize("phone", [None, "", "+7", "+79161234567", "+77012223344", "+12125550123x"])
def test_numbers_that_say_nothing_certain_have_no_zone(phone: str | None) -> None:
    assert zone_of_phone(phone) in {None, "America/New_York"}
