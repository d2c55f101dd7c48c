"""Phones as people type them, over HTTP: the number, a second one, and a number that is corrected later."""

from urllib.parse import quote_plus

import pytest

from libs.common.contracts.intake import LeadReceivedV2, LeadUpdated
from tests.intake.api import Api, order

NUMBER, SECOND = "+79130000001", "+79140000002"
FALSE = "false_number"


async def notes_of(api: Api) -> list[tuple[str, str, str]]:
    """Return the notes on the newest delivery."""
    notes = await api.ctx.core.db.pool.fetchval("SELECT notes FROM delivery ORDER BY id DESC LIMIT 1")
    return [(note["field"], note["code"], note["detail"]) for note in notes]


@pytest.mark.req("phones")
@pytest.mark.parametrize("typed", [
    "8 913 000 00 01 Viber", "8-913-000-00-01 (Анна)", "8 913 000 00 01 (WhatsApp)", "+8 (913) 000-00-01",
    "+7 (7913) 000-00-01", "8-10-7 913 000-00-01", "007(913)0000001", "тел.: 9130000001, с 9 до 18",
])  # fmt: skip
async def test_a_number_is_read_with_all_that_stands_beside_it(api: Api, typed: str) -> None:
    url = await api.source()
    await api.deliver(url, order(phone=typed))
    [event] = await api.said(LeadReceivedV2)
    assert (event.person.phone, event.person.phone_raw, event.signals) == (NUMBER, typed, ())


@pytest.mark.req("phones")
@pytest.mark.parametrize("typed", ["+7 913 000 00 01, +7 914 000 00 02", "8 913 0000001 / 8 914 0000002"])
async def test_a_second_number_is_noted_and_shown(api: Api, typed: str) -> None:
    url = await api.source("getcourse")
    await api.send("GET", f"{url}?id=1&phone={quote_plus(typed)}")
    [event] = await api.said(LeadReceivedV2)
    assert (event.person.phone, event.person.phone_raw, event.signals) == (NUMBER, typed, ("other_contact",))
    assert await notes_of(api) == [("phone", "second_phone", SECOND)]


@pytest.mark.req("phones")
@pytest.mark.parametrize("typed", ["8-800-FLOWERS", "8 913 OOO 00 01", "8 913 000 00 0l"])
async def test_words_are_never_digits(api: Api, typed: str) -> None:
    url = await api.source()
    await api.deliver(url, order(phone=typed))
    [event] = await api.said(LeadReceivedV2)
    assert (event.person.phone_raw, event.signals) == (typed, (FALSE,))


@pytest.mark.req("phone-corrected")
@pytest.mark.parametrize("first", ["8 913 00000", "Viber 8", "&email=a@b.ru"])
async def test_a_valid_number_replaces_one_that_could_not_be_one(api: Api, first: str) -> None:
    url = await api.source("getcourse")
    for query in (f"id=1&phone={first}", "id=1&phone=79130000001"):
        answer = await api.send("GET", f"{url}?{query.replace(' ', '+')}")
    [event] = await api.said(LeadUpdated)
    [lead] = await api.ctx.core.db.pool.fetch("SELECT phone, phone_raw, signals FROM lead")
    assert (event.person.phone, event.person.phone_raw, event.signals) == (NUMBER, "79130000001", ())
    assert (*lead, answer.json()["disposition"]) == (NUMBER, "79130000001", [], "accepted")


@pytest.mark.req("phone-corrected")
async def test_a_number_that_is_corrected_finds_its_customer(api: Api) -> None:
    url = await api.source()
    await api.deliver(url, order("1", phone="8 913"))
    corrected = await api.deliver(url, order("1", phone=NUMBER))
    await api.deliver(url, order("2", phone=NUMBER))
    assert (corrected["disposition"], await api.count("lead"), await api.count("customer")) == ("accepted", 2, 1)


@pytest.mark.req("phone-corrected")
async def test_a_valid_number_is_kept_and_the_new_one_noted(api: Api) -> None:
    url = await api.source("getcourse")
    for phone in ("79130000001", "79140000002", "8+913"):
        await api.send("GET", f"{url}?id=1&phone={phone}")
    [event] = await api.said(LeadUpdated)
    assert (event.person.phone, event.signals) == (NUMBER, ("other_contact",))
    [first] = await api.ctx.core.db.pool.fetch("SELECT notes FROM delivery WHERE notes <> '[]'")
    assert [(note["code"], note["detail"]) for note in first["notes"]] == [("other_contact", SECOND)]
