"""Partners: their card, and the sources whose leads are theirs."""

from datetime import timedelta
from typing import cast

import httpx
import pytest

from libs.common.contracts.intake import PartnerChanged
from services.intake.partners.actions import announce_partners
from tests.intake.api import MOSCOW, NOW, Api, lead_of, new_source, order

PERSON = {"name": "Мария", "phone": "8 916 555-44-33", "email": "Maria@salon.example"}


async def a_partner(api: Api, code: str = "salon", **members: object) -> dict[str, object]:
    """Make a partner of the desk."""
    card = {"desk": "demo", "code": code, "title": {"ru": "Салон", "en": "Salon"}, "zone": MOSCOW}
    return await api.ok("POST", "/partners", {**card, **members})


async def changed(
    api: Api, view: dict[str, object], kind: str = "partners", **members: object
) -> dict[str, object]:
    headers = {"if-match": f'"{view["version"]}"'}
    return await api.ok("PATCH", f"/{kind}/{view['id']}", members, headers=headers)


@pytest.mark.req("S0.12")
async def test_a_new_partner_is_published_with_their_card(api: Api) -> None:
    hours = [{"weekday": 1, "opens": "10:00", "closes": "20:00"}]
    view = await a_partner(api, person=PERSON, hours=hours, address="Тверская, 1", calls_go_to="partner")
    [event] = await api.said(PartnerChanged)
    assert (str(event.partner_id), event.code, event.version, event.title.en) == (view["id"], "salon", 1, "Salon")
    assert (event.hours[0].opens, event.address, event.calls_go_to) == ("10:00", "Тверская, 1", "partner")
    assert (event.person.phone, event.person.email) == ("+79165554433", "maria@salon.example")
    assert await api.ctx.core.db.pool.fetchval("SELECT key FROM outbox") == f"partner:{view['id']}"


@pytest.mark.req("S0.12")
async def test_a_change_keeps_what_it_does_not_name(api: Api) -> None:
    view = await a_partner(api, person=PERSON, site="https://salon.example")
    shown = await changed(api, view, zone="Asia/Tomsk", site=None, active=False)
    [_, event] = await api.said(PartnerChanged)
    assert (shown["zone"], shown["site"], shown["active"], shown["version"]) == ("Asia/Tomsk", None, False, 2)
    assert (shown["person"], event.active, event.version) == (view["person"], False, 2)


async def test_what_is_so_already_is_not_published_again(api: Api) -> None:
    view = await a_partner(api, person=PERSON)
    shown = await changed(api, view, person=PERSON, zone=MOSCOW)
    assert (shown["version"], len(await api.said(PartnerChanged))) == (1, 1)


@pytest.mark.parametrize(("tag", "status"), [('"7"', 412), (None, 428)])
async def test_a_change_needs_the_version_that_was_seen(api: Api, tag: str | None, status: int) -> None:
    view = await a_partner(api)
    headers = {"if-match": tag} if tag else {}
    answer = await api.call("PATCH", f"/partners/{view['id']}", {"active": False}, headers=headers)
    assert answer.status_code == status


async def test_every_fault_of_a_card_is_named_at_once(api: Api) -> None:
    hours = [{"weekday": 8, "opens": "10:00", "closes": "25:00"}]
    card = {**new_card(), "title": {"ru": "Салон"}, "zone": "Mars/Base", "person": {"phone": "12"}, "hours": hours}
    answer = await api.call("POST", "/partners", card)
    pointers = {each["pointer"] for each in answer.json()["errors"]}
    assert answer.status_code == 422
    assert pointers == {"/title/en", "/zone", "/person/phone", "/hours/0/weekday", "/hours/0/closes"}


async def test_a_code_is_given_once_per_desk(api: Api) -> None:
    view = await a_partner(api)
    again = await api.call(
        "POST", "/partners", {**{name: view[name] for name in ("desk", "code", "title", "zone")}}
    )
    assert (again.status_code, again.json()["existing"]) == (409, view["id"])
    await a_partner(api, desk="other")


@pytest.mark.req("P.6")
async def test_partners_are_seen_and_made_within_the_caller_s_desks(api: Api) -> None:
    view = await a_partner(api)
    seen = await api.call("GET", f"/partners/{view['id']}", role="supervisor", desks=["other"])
    listed = await api.call("GET", "/partners", role="operator", desks=["other"])
    made = await api.call("POST", "/partners", {**new_card(), "desk": "demo"}, role="supervisor", desks=["other"])
    assert (seen.status_code, listed.json()["items"], made.status_code) == (404, [], 404)


def new_card() -> dict[str, object]:
    return {"desk": "demo", "code": "second", "title": {"ru": "Второй", "en": "Second"}, "zone": MOSCOW}


async def test_an_operator_reads_cards_and_makes_none(api: Api) -> None:
    answer = await api.call("POST", "/partners", new_card(), role="operator", desks=["demo"])
    assert answer.status_code == 403


async def test_the_list_goes_page_by_page(api: Api) -> None:
    for code in ("one", "two", "three"):
        await a_partner(api, code)
    first = await api.ok("GET", "/partners?limit=2")
    rest = await api.ok("GET", f"/partners?limit=2&cursor={first['next_cursor']}")
    codes = [item["code"] for page in (first, rest) for item in cast("list[dict[str, object]]", page["items"])]
    assert codes == ["one", "two", "three"]


async def test_a_source_names_a_partner_of_its_desk(api: Api) -> None:
    await a_partner(api, desk="other")
    answer = await api.call("POST", "/sources", {**new_source("landing"), "partner": "salon"})
    [fault] = answer.json()["errors"]
    assert (answer.status_code, fault["pointer"], fault["code"]) == (422, "/partner", "unknown_partner")
    assert "salon" in fault["detail"]


async def test_a_source_gets_a_partner_and_loses_them(api: Api) -> None:
    await a_partner(api)
    made = await api.ok("POST", "/sources", {**new_source("landing"), "partner": "salon"})
    kept = await changed(api, made, "sources", rate_per_second=5)
    freed = await changed(api, kept, "sources", partner=None)
    assert [each["partner"] for each in (made, kept, freed)] == ["salon", "salon", None]


async def as_partner(api: Api, partner_id: object, path: str) -> httpx.Response:
    """Read with a partner's token."""
    token = api.issuer.token("maria", ["partner"], ["demo"], partner_id=str(partner_id))
    return await api.send("GET", f"/intake/v1{path}", headers={"authorization": f"Bearer {token}"})


@pytest.mark.req("S0.6", "P.6")
async def test_a_partner_sees_nothing_before_an_appointment_and_then_order_time_and_name(api: Api) -> None:
    partner = await a_partner(api)
    path = f"/leads/{lead_of(await api.deliver(await api.source(partner='salon'), order()))}"
    before = await as_partner(api, partner["id"], path)
    await api.ok("POST", f"{path}/appointments", {"at": (NOW + timedelta(days=1)).isoformat()})
    after = (await as_partner(api, partner["id"], path)).json()
    assert before.status_code == 404
    assert (len(after["orders"]), len(after["appointments"])) == (1, 1)
    assert (after["person"]["name"], after["person"]["phone"], after["marketing"]) == ("Анна", None, {})


@pytest.mark.req("P.6")
async def test_a_partner_sees_and_changes_nothing_of_others(api: Api) -> None:
    await a_partner(api)
    other = await a_partner(api, "other")
    path = f"/leads/{lead_of(await api.deliver(await api.source(partner='salon'), order()))}"
    await api.ok("POST", f"{path}/appointments", {"at": (NOW + timedelta(days=1)).isoformat()})
    answers = [await as_partner(api, other["id"], each) for each in (path, f"{path}/history", "/partners")]
    listed = (await as_partner(api, other["id"], "/leads")).json()["items"]
    nameless = (await as_partner(api, "no-uuid", "/leads")).json()["items"]
    assert ([each.status_code for each in answers], listed, nameless) == ([404, 403, 403], [], [])


@pytest.mark.req("S0.4")
async def test_a_card_has_links_and_the_lines_that_are_called_for_the_partner(api: Api) -> None:
    links = {"card_link": "https://desk.example/salon", "cabinet_link": "https://salon.example/cabinet"}
    view = await a_partner(api, **links, lines=["+7 (495) 555-01-01"])
    shown = await changed(api, view, card_link=None)
    [made, event] = await api.said(PartnerChanged)
    assert (made.card_link, made.cabinet_link, made.lines) == (*links.values(), ("74955550101",))
    assert (shown["card_link"], shown["cabinet_link"], event.lines) == (None, links["cabinet_link"], made.lines)


async def test_a_card_that_the_release_before_wrote_is_said_once_more_and_no_change(api: Api) -> None:
    await a_partner(api, calls_go_to="partner")
    await api.ctx.core.db.pool.execute("UPDATE partner SET announced_version = NULL")
    assert [await announce_partners(api.ctx) for _ in range(2)] == [1, 0]
    [made, again] = await api.said(PartnerChanged)
    assert (again.again, again) == (True, made.model_copy(update={"again": True}))
