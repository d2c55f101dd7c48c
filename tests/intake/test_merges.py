"""Customers and leads that are merged, read as one, and taken back whole (P.13, P.15, S4.2)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import Response

from libs.common.contracts.intake import (
    ContactRecorded,
    CustomerChanged,
    CustomerMerged,
    LeadMerged,
    LeadReceivedV2,
    LeadUpdated,
    MessageResolved,
)
from libs.common.contracts.shared import Identity, IdentityKind, Stage
from libs.common.platform.ids import uuid7
from services.intake.leads import search
from tests.intake.api import NOW, Api
from tests.intake.test_identities import TELEGRAM, customer_of, post, written
from tests.intake.test_leads_api import wish
from tests.intake.test_messages import message

FIRST, SECOND = "+79161234567", "+79035550101"
Json = dict[str, Any]


async def plan(api: Api, kind: str, *groups: tuple[object, ...], role: str = "supervisor") -> Response:
    """Plan merges; of each group the first wins."""
    merges = [{"winner": str(winner), "losers": [str(one) for one in losers]} for winner, *losers in groups]
    body = {"desk": "demo", "kind": kind, "merges": merges, "reason": "один человек"}
    return await api.call("POST", "/merges", body, role=role, desks=["demo"])


async def step(api: Api, merge: Json, way: str) -> Response:
    headers = {"if-match": f'"{merge["version"]}"'}
    return await api.call(
        "POST", f"/merges/{merge['id']}/{way}", role="supervisor", desks=["demo"], headers=headers
    )


async def merged(api: Api, kind: str, *groups: tuple[object, ...]) -> Json:
    """Plan and apply, and return the receipt."""
    planned = await plan(api, kind, *groups)
    assert planned.status_code == 201, planned.text
    answer = await step(api, planned.json(), "apply")
    assert answer.status_code == 200, answer.text
    api.clock.advance(timedelta(minutes=1))
    receipt: Json = answer.json()
    return receipt


async def two(api: Api) -> tuple[str, str]:
    """Two customers, each with an unpaid order."""
    return await customer_of(api), await customer_of(api, "8 903 555-01-01")


async def got(api: Api, path: str) -> Json:
    answer = await api.call("GET", path)
    assert answer.status_code == 200, answer.text
    document: Json = answer.json()
    return document


async def state(api: Api) -> list[object]:
    """Return what is stored of customers, leads and identities, without their versions."""
    queries = (
        "SELECT id, name, merged_into FROM customer ORDER BY id",
        "SELECT id, customer_id, merged_into, phone, phone_raw, email, signals, earlier_lead_id FROM lead"
        " ORDER BY id",
        "SELECT kind, value, customer_id FROM customer_identity ORDER BY kind, value",
    )
    return [[tuple(row) for row in await api.ctx.core.db.pool.fetch(query)] for query in queries]


# -- customers


@pytest.mark.req("P.13", "P.15")
async def test_who_is_merged_is_read_as_the_winner(api: Api) -> None:
    winner, loser = await two(api)
    await merged(api, "customer", (winner, loser))
    for asked in (winner, loser):
        view = await got(api, f"/customers/{asked}")
        values = [each["value"] for each in view["identities"]]
        assert (view["id"], values, view["merged"]) == (winner, [SECOND, FIRST], [loser])
        assert len(view["orders"]) == 2
    assert [one["id"] for one in (await got(api, "/customers"))["items"]] == [winner]
    leads = (await got(api, "/leads"))["items"]
    assert {one["customer_id"] for one in leads} == {winner}


@pytest.mark.req("P.13", "P.15")
async def test_lists_find_what_is_theirs_under_any_id(api: Api) -> None:
    winner, loser = await two(api)
    await merged(api, "customer", (winner, loser))
    for asked in (winner, loser):
        assert len((await got(api, f"/orders?customer_id={asked}"))["items"]) == 2
    found = await api.call("GET", "/leads", headers={}, role="admin")
    assert len(found.json()["items"]) == 2
    assert len((await got(api, "/customers?q=9035550101"))["items"]) == 1


@pytest.mark.req("P.13")
async def test_a_merge_is_published_under_the_loser_and_the_winner_has_changed(api: Api) -> None:
    winner, loser = await two(api)
    receipt = await merged(api, "customer", (winner, loser))
    [said], [changed] = await api.said(CustomerMerged), await api.said(CustomerChanged)
    assert (str(said.merge_id), str(said.customer_id), str(said.winner_id), said.undone) == (
        receipt["id"],
        loser,
        winner,
        False,
    )
    assert (str(changed.customer_id), {changed.person.phone, *(i.value for i in changed.person.identities)}) == (
        winner,
        {FIRST, SECOND},
    )


@pytest.mark.req("S4.2", "P.13")
async def test_second_unpaid_orders_are_judged_again(api: Api) -> None:
    winner, loser = await two(api)
    planned = (await plan(api, "customer", (loser, winner))).json()
    assert planned["left"] == [{"kind": "signal", "count": 1}]
    await step(api, planned, "apply")
    first, second = await api.said(LeadReceivedV2)
    signals = {event.lead_id: event.signals for event in await api.said(LeadUpdated)}
    assert signals == {first.lead_id: (), second.lead_id: ("second_unpaid_order",)}
    assert (await got(api, f"/leads/{second.lead_id}"))["earlier_lead_id"] == str(first.lead_id)


@pytest.mark.req("S4.2", "P.13")
async def test_a_later_order_of_either_number_is_a_second_unpaid_one(api: Api) -> None:
    winner, loser = await two(api)
    await merged(api, "customer", (winner, loser))
    for phone in (FIRST, SECOND):
        await customer_of(api, f"{phone} ")
    born = await api.said(LeadReceivedV2)
    assert [event.signals for event in born[2:]] == [("second_unpaid_order",)] * 2
    assert {event.earlier_lead_id for event in born[2:]} == {born[0].lead_id}
    assert [str(event.customer_id) for event in born[2:]] == [winner, winner]


@pytest.mark.req("P.13")
async def test_a_message_to_the_loser_s_account_belongs_to_the_winner_s_newest_lead(api: Api) -> None:
    winner = await customer_of(api)
    lead_id = await written(api, TELEGRAM)
    loser = (await api.said(LeadReceivedV2))[-1].customer_id
    await merged(api, "customer", (winner, loser))
    await api.hear(message(TELEGRAM, name=None))
    found = (await api.said(MessageResolved))[-1]
    assert (str(found.customer_id), found.lead_id) == (winner, lead_id)


@pytest.mark.req("P.13")
async def test_leads_of_both_learn_what_they_lack_and_lose_it_again(api: Api) -> None:
    winner = await customer_of(api)
    lead_id = await written(api, TELEGRAM)
    receipt = await merged(api, "customer", (winner, (await api.said(LeadReceivedV2))[-1].customer_id))
    assert (await got(api, f"/leads/{lead_id}"))["person"]["phone"] == FIRST
    await step(api, receipt, "undo")
    assert (await got(api, f"/leads/{lead_id}"))["person"]["phone"] is None


@pytest.mark.req("P.15", "P.13", "S4.2")
async def test_a_batch_of_wrong_merges_is_taken_back_whole_by_its_receipt(api: Api) -> None:
    customers = [await customer_of(api, f"8 903 555-01-0{n}", email=f"a{n}@b.ru") for n in range(5)]
    before = await state(api)
    receipt = await merged(api, "customer", tuple(customers[:3]), tuple(customers[3:]))
    assert (receipt["state"], receipt["members"]) == ("applied", {"done": 3})
    undone = (await step(api, receipt, "undo")).json()
    assert (undone["state"], undone["members"], undone["between"]) == ("undone", {"taken_back": 3}, [])
    assert await state(api) == before


@pytest.mark.req("P.15")
async def test_what_came_in_between_stays_with_the_winner_and_is_named(api: Api) -> None:
    winner, loser = await two(api)
    receipt = await merged(api, "customer", (winner, loser))
    await customer_of(api, f"{SECOND} ")
    await post(api, winner, "phone", SECOND, "/detach")
    undone = (await step(api, receipt, "undo")).json()
    assert undone["between"] == [
        {"kind": "lead", "count": 1},
        {"kind": "order", "count": 1},
        {"kind": "identity", "count": 1},
    ]
    assert len((await got(api, f"/customers/{winner}"))["orders"]) == 2


@pytest.mark.req("P.15", "P.13")
@pytest.mark.parametrize("undone", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1), (1, 3, 0, 2)])
async def test_merges_of_merged_ones_are_taken_back_in_any_order(api: Api, undone: tuple[int, ...]) -> None:
    who = [await customer_of(api, f"8 903 555-01-0{n}") for n in range(5)]
    before = await state(api)
    pairs = [(0, 1), (2, 3), (2, 0), (4, 2)]
    receipts = [await merged(api, "customer", (who[winner], who[loser])) for winner, loser in pairs]
    assert {(await got(api, f"/customers/{one}"))["id"] for one in who} == {who[4]}
    for n in undone:
        assert (await step(api, receipts[n], "undo")).status_code == 200
    assert await state(api) == before


@pytest.mark.req("P.15")
async def test_who_stands_by_themselves_again_has_those_merged_before_with_them(api: Api) -> None:
    one, other = await two(api)
    third = await customer_of(api, "8 903 555-01-03")
    await merged(api, "customer", (other, third))
    receipt = await merged(api, "customer", (one, other))
    await step(api, receipt, "undo")
    view = await got(api, f"/customers/{third}")
    assert (view["id"], len(view["identities"])) == (other, 2)
    assert len((await got(api, f"/customers/{one}"))["identities"]) == 1


@pytest.mark.req("P.13")
async def test_a_merge_is_in_the_history_of_identities(api: Api) -> None:
    winner, loser = await two(api)
    await merged(api, "customer", (winner, loser))
    lines = (await got(api, f"/customers/{winner}/identities/history"))["items"]
    assert [(line["what"], line["value"], line["reason"]) for line in lines] == [
        ("detached", SECOND, "один человек"),
        ("attached", SECOND, "один человек"),
    ]


# -- leads


async def leads_of_one(api: Api) -> tuple[UUID, UUID]:
    """Two leads of one customer."""
    for phone in ("8 916 123-45-67", FIRST):
        await customer_of(api, phone)
    first, second = await api.said(LeadReceivedV2)
    return first.lead_id, second.lead_id


@pytest.mark.req("P.15")
async def test_a_merged_lead_names_its_winner_whose_card_has_the_orders_of_both(api: Api) -> None:
    winner, loser = await leads_of_one(api)
    await merged(api, "lead", (winner, loser))
    assert (await got(api, f"/leads/{loser}"))["merged_into"] == str(winner)
    assert len((await got(api, f"/leads/{winner}"))["orders"]) == 2
    assert len((await got(api, f"/orders?lead_id={winner}"))["items"]) == 2


@pytest.mark.req("P.15", "S4.15")
async def test_a_list_shows_the_winner_alone_and_finds_it_by_the_loser_s_number(api: Api) -> None:
    winner, loser = await leads_of_one(api)
    number = (await got(api, f"/leads/{loser}"))["orders"][0]["order_number"]
    await merged(api, "lead", (winner, loser))
    found = {}
    for query in ("", f"?q={number}", f"?ids={loser}", "?merged=true"):
        found[query] = [lead["id"] for lead in (await got(api, f"/leads{query}"))["items"]]
    assert found[""] == found[f"?q={number}"] == [str(winner)]
    assert (found[f"?ids={loser}"], found["?merged=true"]) == ([str(loser)], [str(loser), str(winner)])


@pytest.mark.req("P.15", "S4.15")
@pytest.mark.parametrize("many", [search.MANY, 0])
async def test_the_winner_is_found_by_a_part_of_the_loser_s_phone(
    api: Api, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    winner, loser = await leads_of_one(api)
    await api.ctx.core.db.pool.execute("UPDATE lead SET phone = $1 WHERE id = $2", SECOND, loser)
    await merged(api, "lead", (winner, loser))
    monkeypatch.setattr(search, "MANY", many)  # 0: it is common, and asked of each lead of the page
    found = (await got(api, f"/leads?q={SECOND[-7:]}"))["items"]
    assert [lead["id"] for lead in found] == [str(winner)]


@pytest.mark.req("P.15", "P.3")
async def test_a_merge_of_leads_is_published_of_both_and_in_the_history_of_both(api: Api) -> None:
    winner, loser = await leads_of_one(api)
    receipt = await merged(api, "lead", (winner, loser))
    events = await api.said(LeadMerged)
    assert [(event.lead_id, event.winner_id, event.loser_id) for event in events] == [
        (one, winner, loser) for one in (loser, winner)
    ]
    await step(api, receipt, "undo")
    assert [event.undone for event in await api.said(LeadMerged)] == [False, False, True, True]
    lines = [line for line in (await got(api, f"/leads/{loser}/history"))["items"] if line["what"] == "lead_merged"]
    assert [(line["from_value"], line["to_value"]) for line in lines] == [(None, str(winner)), (str(winner), None)]


@pytest.mark.req("P.15")
async def test_what_comes_of_the_customer_goes_to_the_winner(api: Api) -> None:
    winner, loser = await leads_of_one(api)
    await merged(api, "lead", (winner, loser))
    await api.hear(message(Identity(kind=IdentityKind.PHONE, value=FIRST)))
    assert (await api.said(ContactRecorded))[-1].lead_id == winner
    named = {"desk": "demo", "source": "landing", "kind": "call_in", "at": NOW.isoformat(), "lead_id": str(loser)}
    assert (await api.ok("POST", "/contacts", named))["lead_id"] == str(winner)


@pytest.mark.req("P.15")
async def test_a_merge_of_leads_is_taken_back_whole(api: Api) -> None:
    winner, loser = await leads_of_one(api)
    before = await state(api)
    receipt = await merged(api, "lead", (winner, loser))
    assert receipt["left"] == [{"kind": "task", "count": 1}]
    await api.hear(message(Identity(kind=IdentityKind.PHONE, value=FIRST)))
    undone = (await step(api, receipt, "undo")).json()
    assert undone["between"] == [{"kind": "contact", "count": 1}]
    assert await state(api) == before


@pytest.mark.req("P.15")
async def test_customers_part_after_the_merges_of_their_leads_were_taken_back(api: Api) -> None:
    customers = await two(api)
    of_customers = await merged(api, "customer", customers)
    first, second = await api.said(LeadReceivedV2)
    of_leads = await merged(api, "lead", (first.lead_id, second.lead_id))
    answer = await step(api, of_customers, "undo")
    assert (answer.status_code, answer.json()["code"], answer.json()["merges"]) == (
        409,
        "later_merges",
        [of_leads["id"]],
    )
    for receipt in (of_leads, of_customers):
        assert (await step(api, receipt, "undo")).status_code == 200


# -- plans


@pytest.mark.req("P.15")
async def test_every_fault_of_a_plan_is_named_at_its_place(api: Api) -> None:
    one, other = await two(api)
    answer = await plan(api, "customer", (one, uuid7(), one), (one, other, other))
    assert [(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]] == [
        ("/merges/0/losers/0", "unknown"),
        ("/merges/0/losers/1", "same"),
        ("/merges/1/losers/0", "named_twice"),
        ("/merges/1/losers/1", "named_twice"),
    ]


async def test_leads_of_two_customers_are_not_merged(api: Api) -> None:
    await two(api)
    first, second = await api.said(LeadReceivedV2)
    answer = await plan(api, "lead", (first.lead_id, second.lead_id))
    assert [fault["code"] for fault in answer.json()["errors"]] == ["other_customer"]


@pytest.mark.req("P.15")
async def test_what_is_not_as_planned_any_more_stays_and_says_why(api: Api) -> None:
    winner, loser = await leads_of_one(api)
    planned = (await plan(api, "lead", (winner, loser))).json()
    await api.hear(wish(winner, "lost", Stage.LOST))
    receipt = (await step(api, planned, "apply")).json()
    [member] = (await got(api, f"/merges/{receipt['id']}/members"))["items"]
    assert (member["state"], member["note"]) == ("changed", "winner_is_over")
    assert await api.said(LeadMerged) == []


async def test_a_merge_is_applied_once_and_taken_back_once(api: Api) -> None:
    receipt = await merged(api, "customer", await two(api))
    assert (await step(api, {**receipt, "version": 1}, "apply")).status_code == 412
    assert (await step(api, receipt, "apply")).json()["code"] == "merge_state"
    undone = (await step(api, receipt, "undo")).json()
    assert (await step(api, undone, "undo")).json()["code"] == "merge_state"


@pytest.mark.req("P.6")
async def test_operators_and_other_desks_merge_nothing(api: Api) -> None:
    customers = await two(api)
    assert (await plan(api, "customer", customers, role="operator")).status_code == 403
    receipt = await merged(api, "customer", customers)
    for path in (f"/merges/{receipt['id']}", f"/merges/{receipt['id']}/members"):
        assert (await api.call("GET", path, role="supervisor", desks=["other"])).status_code == 404
    assert [one["id"] for one in (await got(api, f"/merges?of={customers[1]}&kind=customer"))["items"]] == [
        receipt["id"]
    ]
