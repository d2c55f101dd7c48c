"""Quarantine: an unreadable delivery waits, is shown raw, and is read again once the map is corrected."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from libs.common.contracts.intake import LeadReceivedV2, OrderChanged
from tests.intake.api import Api, order, order_in

MINUTE = timedelta(minutes=1)
ODD = {"order": "42", "seeker": {"line": "8 916 123-45-67"}}


async def waiting(api: Api) -> list[dict[str, object]]:
    page = await api.ok("GET", "/deliveries?disposition=quarantined")
    items = page["items"]
    assert isinstance(items, list)
    return items


async def mend(api: Api, **members: object) -> None:
    [source] = await api.ctx.core.db.pool.fetch("SELECT id, version FROM source")
    headers = {"if-match": f'"{source["version"]}"'}
    await api.ok("PATCH", f"/sources/{source['id']}", members, headers=headers)


async def test_an_unreadable_delivery_waits_with_its_reason(api: Api) -> None:
    url = await api.source()
    answer = await api.deliver(url, ODD)
    [item] = await waiting(api)
    assert [answer[name] for name in ("lead_id", "disposition", "reason")] == [None, "quarantined", "no_contact"]
    assert (item["reason"], item["source"], await api.count("outbox")) == ("no_contact", "landing", 0)


async def test_deliveries_say_what_they_speak_of_and_are_found_by_it(api: Api) -> None:
    url = await api.source()
    await api.deliver(url, ODD)
    await api.deliver(url, order())
    everything = (await api.ok("GET", "/deliveries"))["items"]
    orders = (await api.ok("GET", "/deliveries?kind=order"))["items"]
    assert isinstance(everything, list)
    assert isinstance(orders, list)
    assert [item["kinds"] for item in everything] == [["order"], []]
    assert [item["disposition"] for item in orders] == ["accepted"]


@pytest.mark.parametrize(("body", "shown"), [
    (b'{"name": "\\u0000"}', ('{"name": "\\u0000"}', "text")), (b"\xff\x00", ("/wA=", "base64")),
])  # fmt: skip
async def test_the_raw_bytes_are_shown_as_received(api: Api, body: bytes, shown: tuple[str, str]) -> None:
    url = await api.source()
    await api.send("POST", url, content=body, headers={"content-type": "application/json", "cookie": "a=1"})
    [item] = await waiting(api)
    raw = await api.ok("GET", f"/deliveries/{item['id']}")
    assert ((raw["body"], raw["body_encoding"]), raw["method"]) == (shown, "POST")
    assert isinstance(raw["headers"], dict)
    assert raw["headers"]["cookie"] == "***"


async def test_a_mended_map_makes_a_lead_of_it(api: Api) -> None:
    url = await api.source()
    await api.deliver(url, ODD)
    [item] = await waiting(api)
    await mend(api, field_map={"external_id": "order", "phone": "seeker.line"})
    settled = await api.ok("POST", f"/deliveries/{item['id']}/rerun")
    [event] = await api.said(LeadReceivedV2)
    assert (settled["disposition"], settled["lead_id"]) == ("accepted", str(event.lead_id))
    assert settled["kinds"] == ["order"]
    assert (order_in(event).external_id, event.person.phone, settled["reruns"]) == ("42", "+79161234567", 1)


async def test_an_unknown_status_is_read_once_its_word_is_mapped(api: Api) -> None:
    url = await api.source()
    await api.deliver(url, order(status="В архиве"))
    [item] = await waiting(api)
    await mend(api, status_map={"в Архиве": "cancelled"})
    assert (await api.ok("POST", f"/deliveries/{item['id']}/rerun"))["disposition"] == "accepted"
    assert order_in((await api.said(LeadReceivedV2))[0]).status == "cancelled"


async def test_read_again_in_vain_it_waits_on_with_the_new_reason(api: Api) -> None:
    url = await api.source()
    await api.deliver(url, ODD)
    [item] = await waiting(api)
    await mend(api, field_map={"phone": "seeker.line", "status": "order"})
    again = await api.ok("POST", f"/deliveries/{item['id']}/rerun")
    assert (again["disposition"], again["reason"], again["reruns"]) == ("quarantined", "unknown_status", 1)


@pytest.mark.req("P.2")
async def test_reading_again_twice_at_once_makes_one_lead(api: Api) -> None:
    url = await api.source()
    await api.deliver(url, ODD)
    [item] = await waiting(api)
    await mend(api, field_map={"phone": "seeker.line"})
    both = await asyncio.gather(*(api.ok("POST", f"/deliveries/{item['id']}/rerun") for _ in "ab"))
    assert [await api.count("lead"), await api.count("outbox")] == [1, 1]
    assert {view["lead_id"] for view in both} == {both[0]["lead_id"]}
    final = await api.ok("GET", f"/deliveries/{item['id']}")
    assert final["disposition"] == "accepted"


@pytest.mark.req("S4.1")
async def test_what_was_overtaken_meanwhile_changes_nothing_any_more(api: Api) -> None:
    url = await api.source()
    await api.deliver(url, order(status="odd"))
    api.ctx.core.clock.advance(MINUTE)  # type: ignore[attr-defined] # the fixture's clock is a manual one
    await api.deliver(url, order(status="paid"))
    [item] = await waiting(api)
    await mend(api, status_map={"odd": "new"})
    settled = await api.ok("POST", f"/deliveries/{item['id']}/rerun")
    assert (settled["disposition"], settled["reruns"]) == ("repeat", 1)
    assert await api.said(OrderChanged) == []


async def test_one_bad_delivery_of_a_batch_does_not_fail_its_neighbours(api: Api) -> None:
    url = await api.source(rate_per_second=10_000)
    orders = [order(f"n{n}", f"8916{n:07}") for n in range(40)]
    # A value that our own checks accept and the database refuses.
    await api.ctx.core.db.pool.execute("ALTER TABLE sales_order ADD CONSTRAINT picky CHECK (external_id <> 'n20')")
    answers = await asyncio.gather(*(api.deliver(url, each) for each in orders))
    states = [answer["disposition"] for answer in answers]
    assert (states.count("accepted"), states[20]) == (39, "quarantined")
    assert (await waiting(api))[0]["reason"] == "unstorable"


async def test_a_supervisor_sees_the_deliveries_of_their_desks_alone(api: Api) -> None:
    url = await api.source()
    await api.deliver(url, ODD)
    [item] = await waiting(api)
    foreign = await api.call("GET", f"/deliveries/{item['id']}", role="supervisor", desks=["other"])
    own = await api.call("GET", "/deliveries", role="supervisor", desks=["demo"])
    operator = await api.call("GET", "/deliveries", role="operator", desks=["demo"])
    assert (foreign.status_code, len(own.json()["items"]), operator.status_code) == (404, 1, 403)


async def test_the_list_is_filtered_and_paged(api: Api) -> None:
    url = await api.source()
    for number in range(5):
        await api.deliver(url, order(str(number), f"8 916 123-45-6{number}"))
    first = await api.ok("GET", "/deliveries?limit=3&source=landing&disposition=accepted")
    rest = await api.ok("GET", f"/deliveries?limit=3&source=landing&cursor={first['next_cursor']}")
    ids = [UUID(str(item["id"])) for page in (first, rest) for item in page["items"]]  # type: ignore[attr-defined] # a JSON list
    assert (len(ids), ids) == (5, sorted(ids, reverse=True))
    assert (await api.ok("GET", "/deliveries?source=school"))["items"] == []
