"""Lists of orders and customers, and a lead's card in one call."""

from urllib.parse import quote

import pytest

from libs.common.platform.ids import uuid7
from tests.intake.api import Api
from tests.intake.test_leads_api import a_lead, operator, owner


async def numbers(api: Api, query: str = "") -> list[str]:
    items = (await api.ok("GET", f"/orders?{query}"))["items"]
    assert isinstance(items, list)
    return [str(each["order_number"]) for each in items]


async def names(api: Api, query: str = "") -> list[str]:
    items = (await api.ok("GET", f"/customers?{query}"))["items"]
    assert isinstance(items, list)
    return [str(each["name"]) for each in items]


async def three(api: Api) -> None:
    for number, name in enumerate(("Анна", "Борис", "Вера"), 1):
        await a_lead(
            api, f"gc-{number}", f"8 916 123-45-6{number}", name=name, external_number=f"UX-{number}",
            status="paid" if number == 2 else "new",
        )  # fmt: skip


@pytest.mark.req("U19", "S1.11")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["1003", "1002", "1001"]),
        ("desk=ux", []),
        ("status=paid", ["1002"]),
        ("status=paid&status=new", ["1003", "1002", "1001"]),
        *((f"number={quote(number)}", ["1001"]) for number in ("1001", "#1001", "UX-1", "ux-1", "gc-1")),
        ("number=UX", []),
        ("created_to=2026-01-01T00:00:00Z", []),
    ],
)
async def test_orders_are_listed_by_what_is_known_of_them(api: Api, query: str, found: list[str]) -> None:
    await three(api)
    assert await numbers(api, query) == found


@pytest.mark.req("U19")
async def test_orders_and_customers_come_page_by_page(api: Api) -> None:
    await three(api)
    for path in ("/orders", "/customers"):
        first = await api.ok("GET", f"{path}?limit=2")
        rest = await api.ok("GET", f"{path}?limit=2&cursor={first['next_cursor']}")
        ids = [each["id"] for page in (first, rest) for each in page["items"]]  # type: ignore[attr-defined] # JSON
        assert (len(set(ids)), rest["next_cursor"]) == (3, None)


@pytest.mark.req("U19", "S1.11")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Вера", "Борис", "Анна"]),
        ("desk=ux", []),
        ("q=UX-2", ["Борис"]),
        ("q=4563", ["Вера"]),
        (f"q={quote('анна')}", ["Анна"]),
        ("q=nobody", []),
    ],
)
async def test_customers_are_found_by_what_finds_their_leads(api: Api, query: str, found: list[str]) -> None:
    await three(api)
    assert await names(api, query) == found


async def test_a_customer_in_a_list_shows_identities(api: Api) -> None:
    await a_lead(api, email="anna@b.ru")
    items = (await api.ok("GET", "/customers"))["items"]
    assert isinstance(items, list)
    assert items[0]["identities"] == [
        {"kind": "email", "value": "anna@b.ru"},
        {"kind": "phone", "value": "+79161234567"},
    ]


@pytest.mark.req("P.6")
@pytest.mark.parametrize(("role", "desk", "count"), [
    ("operator", "demo", 1), ("supervisor", "demo", 2), ("supervisor", "x", 0), ("operator", "x", 0),
])  # fmt: skip
async def test_lists_show_an_operator_what_is_theirs_or_nobodys(api: Api, role: str, desk: str, count: int) -> None:
    free, taken, bob = await a_lead(api), await a_lead(api, "2", "8 926 765-43-21"), uuid7()
    await api.hear(operator(bob, "bob"), operator(uuid7(), "ann"))
    await api.hear(owner(taken, bob))
    answers = [await api.call("GET", path, role=role, desks=[desk]) for path in ("/orders", "/customers")]
    assert ([len(answer.json()["items"]) for answer in answers], free != taken) == ([count] * 2, True)


@pytest.mark.req("U13")
async def test_a_card_has_the_customer_in_one_call(api: Api) -> None:
    lead_id = await a_lead(api, email="anna@b.ru")
    card = await api.ok("GET", f"/leads/{lead_id}?include=orders,customer")
    customer = await api.ok("GET", f"/customers/{card['customer_id']}")
    assert (card["customer"], (await api.ok("GET", f"/leads/{lead_id}"))["customer"]) == (customer, None)


@pytest.mark.req("U13")
async def test_an_unknown_part_of_a_card_is_refused(api: Api) -> None:
    answer = await api.call("GET", f"/leads/{await a_lead(api)}?include=orders,weather")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/include")
