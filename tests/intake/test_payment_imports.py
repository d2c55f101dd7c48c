"""Payments that the school does not know: imported, matched, and confirmed by a person (S4.19)."""

from typing import cast

import pytest

from libs.common.contracts.attention import IntakeAttentionRaised
from libs.common.contracts.payments import PaymentRecorded
from libs.common.platform.attention.watch import look
from services.intake.app import SAY
from services.intake.attention import KINDS
from tests.intake.api import Api, order
from tests.intake.exchange import faults

pytestmark = [pytest.mark.servers, pytest.mark.req("S4.19")]
ROW = {"paid_on": "2026-03-02", "name": "ИВАНОВА АННА ПЕТРОВНА", "amount": "1990.00", "external_id": "p-1"}
LIST = {"desk": "demo", "rows": [ROW]}


async def listed(api: Api, query: str = "") -> list[dict[str, object]]:
    answer = await api.ok("GET", f"/imported-payments{query}")
    return cast("list[dict[str, object]]", answer["items"])


async def ordered(api: Api, *names: str) -> list[dict[str, object]]:
    """Make an order of 1990 roubles for each name, and return them, the oldest first."""
    url = await api.source()
    for n, name in enumerate(names):
        await api.deliver(url, order(f"lp-{n}", phone=f"+7916000000{n}", name=name))
    return list(reversed(cast("list[dict[str, object]]", (await api.ok("GET", "/orders"))["items"])))


async def raised(api: Api) -> list[tuple[str, str, int]]:
    await look(api.ctx.core.db, KINDS, SAY, api.clock.now())
    return [(each.kind, each.ref, each.count) for each in await api.said(IntakeAttentionRaised)]


async def test_exactly_one_order_is_a_proposal_that_a_person_confirms(api: Api) -> None:
    [_, anna] = await ordered(api, "Олег Петров", "Anna Ivanova")
    assert (await api.ok("POST", "/imported-payments", LIST))["proposed"] == 1
    [payment] = await listed(api, "?state=proposed")
    assert (payment["order_id"], payment["lead_id"]) == (anna["id"], anna["lead_id"])
    assert await raised(api) == [("payment_proposed", payment["id"], 1)]
    version = {"headers": {"if-match": f'"{payment["version"]}"'}}
    done = await api.ok("POST", f"/imported-payments/{payment['id']}/confirm", {}, **version)
    assert (done["state"], done["decided_by"], await listed(api, "?state=proposed")) == ("confirmed", "ann", [])
    [recorded] = await api.said(PaymentRecorded)
    paid = await api.ok("GET", f"/orders/{anna['id']}")
    assert (str(recorded.order_id), paid["status"]) == (anna["id"], "paid")
    again = await api.call("POST", f"/imported-payments/{payment['id']}/reject", headers={"if-match": '"2"'})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")


async def test_what_was_paid_by_hand_before_is_left_out_of_the_sum_that_is_matched(api: Api) -> None:
    [anna] = await ordered(api, "Anna Ivanova")
    sum_ = {"amount": "990.00", "currency": "RUB"}
    part = {"type": "transfer", "amount": sum_, "order_version": anna["version"]}
    await api.ok("POST", f"/orders/{anna['id']}/payments", part)
    rest = {"desk": "demo", "rows": [{**ROW, "amount": "1000.00"}]}
    assert (await api.ok("POST", "/imported-payments", rest))["proposed"] == 1
    [payment] = await listed(api)
    await api.ok("POST", f"/imported-payments/{payment['id']}/confirm", {}, headers={"if-match": '"1"'})
    assert (await api.ok("GET", f"/orders/{anna['id']}"))["status"] == "paid"


async def test_several_orders_are_shown_and_a_person_says_which(api: Api) -> None:
    first, second = await ordered(api, "Анна Иванова", "Иванова Анна")
    assert (await api.ok("POST", "/imported-payments", LIST))["ambiguous"] == 1
    [payment] = await listed(api, "?state=ambiguous&desk=demo")
    assert (payment["order_id"], payment["candidates"]) == (None, [first["id"], second["id"]])
    assert await raised(api) == [("payment_unmatched", "", 1)]
    version = {"headers": {"if-match": '"1"'}}
    without = await api.call("POST", f"/imported-payments/{payment['id']}/confirm", {}, headers={"if-match": '"1"'})
    assert (without.status_code, faults(without.json())) == (422, [("/order_id", "no_order")])
    path, named = f"/imported-payments/{payment['id']}/confirm", {"order_id": second["id"]}
    assert (await api.ok("POST", path, named, **version))["order_id"] == second["id"]


async def test_an_order_that_comes_later_is_found_by_the_next_list_and_a_decision_stays(api: Api) -> None:
    assert (await api.ok("POST", "/imported-payments", LIST))["unmatched"] == 1
    await ordered(api, "Анна Иванова")
    assert (await api.ok("POST", "/imported-payments", LIST))["proposed"] == 1
    [payment] = await listed(api)
    version = {"headers": {"if-match": f'"{payment["version"]}"'}}
    await api.ok("POST", f"/imported-payments/{payment['id']}/reject", **version)
    assert (await api.ok("POST", "/imported-payments", LIST))["known"] == 1
    assert [each["state"] for each in await listed(api)] == ["rejected"]


async def test_two_payments_of_one_order_are_proposals_of_neither_day(api: Api) -> None:
    await ordered(api, "Анна Иванова")
    await api.ok("POST", "/imported-payments", LIST)
    next_day = {**LIST, "rows": [{**ROW, "external_id": "p-2"}]}
    assert (await api.ok("POST", "/imported-payments", next_day))["ambiguous"] == 1


async def test_a_table_with_faults_imports_nothing(api: Api) -> None:
    table = "Дата;ФИО;Сумма\n02.03.2026;Анна Иванова;1 990,00\nвчера;Олег;5"
    refused = await api.call("POST", "/imported-payments", {"desk": "demo", "csv": table})
    assert (refused.status_code, faults(refused.json())) == (422, [("/csv/3/paid_on", "not_a_date")])
    assert await listed(api) == []
    good = {"desk": "demo", "csv": table.replace("вчера", "01.03.2026")}
    assert (await api.ok("POST", "/imported-payments", good))["unmatched"] == 2


UNCLOSED = '"' + "a" * 140_000


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"csv": f"date,name,amount\n2026-03-02,Анна,5\n2026-03-02,{UNCLOSED},5"}, "/csv"),
        ({"csv": "date,name,amount\n2026-03-02,Анна,10000000000"}, "/csv/2/amount"),
        ({"csv": "date,name,amount\n0001-01-01,Анна,5"}, "/csv/2/paid_on"),
        ({"csv": "date,name,amount\n9999-12-31,Анна,5"}, "/csv/2/paid_on"),
        ({"csv": "date,name,amount\n2026-03-02,Ан\x00на,5"}, "/csv"),
        ({"rows": [{**ROW, "paid_on": "0001-01-01"}]}, "/rows/0/paid_on"),
        ({"rows": [{**ROW, "paid_on": "9999-12-31"}]}, "/rows/0/paid_on"),
        ({"rows": [{**ROW, "amount": "10000000000"}]}, "/rows/0/amount"),
    ],
    ids=["quote", "amount", "first", "last", "nul", "first row", "last row", "amount of a row"],
)
async def test_a_list_that_cannot_be_kept_is_refused_with_the_place(
    api: Api, given: dict[str, object], pointer: str
) -> None:
    refused = await api.call("POST", "/imported-payments", {"desk": "demo", **given})
    assert (refused.status_code, [where for where, _ in faults(refused.json())]) == (422, [pointer])


async def test_a_payment_of_another_currency_than_its_order_is_refused_at_the_order(api: Api) -> None:
    [anna] = await ordered(api, "Anna Ivanova")
    await api.ok("POST", "/imported-payments", {"desk": "demo", "rows": [{**ROW, "currency": "USD"}]})
    [payment] = await listed(api)
    path, version = f"/imported-payments/{payment['id']}/confirm", {"if-match": '"1"'}
    answer = await api.call("POST", path, {"order_id": anna["id"]}, headers=version)
    assert (answer.status_code, faults(answer.json())) == (422, [("/order_id", "other_currency")])


async def test_an_unclosed_quote_is_refused_with_its_line_and_nothing_is_imported(api: Api) -> None:
    table = 'Дата;ФИО;Сумма\n02.03.2026;Анна Иванова;5\n02.03.2026;"Олег;5\n02.03.2026;Пётр Сидоров;5'
    refused = await api.call("POST", "/imported-payments", {"desk": "demo", "csv": table})
    assert (refused.status_code, faults(refused.json())) == (422, [("/csv/3", "not_a_table")])
    assert await listed(api) == []


async def test_another_desk_sees_nothing_and_a_version_is_needed(api: Api) -> None:
    await ordered(api, "Анна Иванова")
    await api.ok("POST", "/imported-payments", LIST)
    [payment] = await listed(api)
    path = f"/imported-payments/{payment['id']}"
    assert (await api.call("GET", path, role="supervisor", desks=["cars"])).status_code == 404
    assert (await api.call("POST", f"{path}/confirm", {})).status_code == 428
    stale = await api.call("POST", f"{path}/confirm", {}, headers={"if-match": '"7"'})
    assert (stale.status_code, stale.json()["current"]["state"]) == (412, "proposed")
