"""Orders without an identifier, or with what stands for none: no person is lost, a retry makes no second lead."""

import asyncio
import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.contracts.intake import LeadReceivedV2
from services.intake.formats import landing
from services.intake.formats.rules import ParsedOrder, RawRequest
from tests.intake.api import Api
from tests.intake.test_format_values import MAPPED

FORM = {"content-type": "application/x-www-form-urlencoded"}
BODY = {"name": "Анна", "phone": "+79130000001", "product": "Крем"}
ONE, OTHER = {"name": "First", "phone": "+79000000001"}, {"name": "Second", "phone": "+79000000002"}
NO_IDS = (
    0,
    "0",
    None,
    "null",
    "-",
    "false",
    "",
    "form-1",
    "form477389174",
    "undefined",
    "{{id}}",
    "[object Object]",
    "n/a",
)


@pytest.mark.req("placeholder-id", "P.1")
@pytest.mark.parametrize("name", ["order_id", "external_id", "id", "tranid"])
@pytest.mark.parametrize("value", NO_IDS)
async def test_two_people_with_a_stand_in_for_an_id_are_two_leads(api: Api, name: str, value: object) -> None:
    url = await api.source()
    answers = [await api.deliver(url, {name: value, **person}) for person in (ONE, OTHER)]
    assert ([a["disposition"] for a in answers], await api.count("lead")) == (["accepted"] * 2, 2)


@pytest.mark.req("placeholder-id", "P.1")
async def test_a_known_id_with_another_person_is_a_lead_of_its_own(api: Api) -> None:
    url = await api.source()
    for person in (ONE, OTHER, ONE):
        await api.deliver(url, {"order_id": "page-7", **person})
    events = await api.said(LeadReceivedV2)
    assert [event.person.phone for event in events] == [ONE["phone"], OTHER["phone"]]


@pytest.mark.req("placeholder-id")
async def test_a_school_s_person_without_an_id_is_a_lead(api: Api) -> None:
    url = await api.source("getcourse")
    for phone in (1, 2):
        answer = await api.send("GET", f"{url}?id=0&number={{object.number}}&phone=7900000000{phone}")
        assert answer.json()["disposition"] == "accepted"
    assert await api.count("lead") == 2


json_values = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)


@pytest.mark.req("placeholder-id")
@given(st.dictionaries(st.sampled_from(["id", "order_id", "external_id", "tranid", "number", "uuid"]), json_values))
def test_a_person_is_never_dropped_because_of_an_id(ids: dict[str, object]) -> None:
    body = json.dumps({**ids, "phone": "+79130000001"}).encode()
    read = landing.read(RawRequest("POST", b"", {"content-type": "application/json"}, body), MAPPED)
    assert isinstance(read, ParsedOrder)
    assert read.phone == "+79130000001"


@pytest.mark.req("long-id")
@pytest.mark.parametrize(("one", "other"), [
    (20261128135200123111, 20261128135200123222), ("0" * 30 + "1", "0" * 30 + "2"),
    ("a" * 250 + "1", "a" * 250 + "2"), (10**300 + 1, 10**300 + 2), ("007", "7"),
])  # fmt: skip
async def test_every_digit_of_an_id_counts(api: Api, one: object, other: object) -> None:
    url = await api.source()
    for identifier in (one, other, one):
        body = json.dumps({"order_id": identifier, **BODY}).encode()
        await api.send("POST", url, content=body, headers={"content-type": "application/json"})
    assert [await api.count("lead"), await api.count("delivery")] == [2, 3]


@pytest.mark.req("retries-without-id", "U3", "P.2")
@pytest.mark.parametrize("bodies", [
    ["name=D&phone=%2B79161230009"] * 3,
    ["name=D&phone=%2B79161230009", "phone=%2B79161230009&name=D"],
    ["name=D&phone=%2B79161230009&_wpnonce=1", "name=D&phone=%2B79161230009&_wpnonce=2"],
    ["phone=12345&name=D"] * 2,
    ["tranid=1:77&phone=%2B79161230009", "tranid=1:77&phone=%2B79161230009&utm_source=x"],
])  # fmt: skip
async def test_the_same_content_within_seconds_is_one_lead(api: Api, bodies: list[str]) -> None:
    url = await api.source()
    answers = [await api.send("POST", url, content=body.encode(), headers=FORM) for body in bodies]
    said = [answer.json()["disposition"] for answer in answers]
    assert (said, await api.count("lead")) == (["accepted"] + ["repeat"] * (len(bodies) - 1), 1)


@pytest.mark.req("retries-without-id", "P.2")
async def test_presses_at_once_are_one_lead(api: Api) -> None:
    url = await api.source()
    await asyncio.gather(*(api.deliver(url, BODY) for _ in range(12)))
    assert [await api.count("lead"), await api.count("delivery"), await api.count("outbox")] == [1, 12, 1]


@pytest.mark.req("retries-without-id")
@pytest.mark.parametrize(("minutes", "leads"), [(9, 1), (11, 2)])
@pytest.mark.parametrize("start", [0, 4, 8])
async def test_the_window_slides(api: Api, minutes: int, leads: int, start: int) -> None:
    url = await api.source()
    api.clock.advance(timedelta(minutes=start))
    await api.deliver(url, BODY)
    api.clock.advance(timedelta(minutes=minutes))
    await api.deliver(url, BODY)
    assert await api.count("lead") == leads


@pytest.mark.req("retries-without-id")
async def test_what_differs_is_no_repeat(api: Api) -> None:
    url = await api.source()
    for change in ({}, {"product": "Маска"}, {"comment": "второй подъезд"}, {"phone": "+79130000002"}):
        assert (await api.deliver(url, {**BODY, **change}))["disposition"] == "accepted"


@pytest.mark.req("retries-without-id")
@pytest.mark.parametrize(("seconds", "leads"), [(0, 2), (60, 2), (120, 1)])
async def test_a_source_says_how_long_the_same_content_is_a_repeat(api: Api, seconds: int, leads: int) -> None:
    url = await api.source(repeat_seconds=seconds)
    await api.deliver(url, BODY)
    api.clock.advance(timedelta(seconds=90))
    await api.deliver(url, BODY)
    assert await api.count("lead") == leads


@pytest.mark.req("retries-without-id")
async def test_each_order_of_a_repeated_list_is_a_repeat(api: Api) -> None:
    url = await api.source()
    for _ in "ab":
        await api.deliver(url, {"phone": "+79130000001", "orders": [{"product": "a"}, {"product": "b"}]})
    assert await api.count("lead") == 2
