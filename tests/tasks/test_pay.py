"""Pay by conversion (S4.7): the table is data with dates, people are paid by the tier that they reach; exports."""

from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.tasks.numbers.pay import PayPart, Tier, cut, pay_of
from services.tasks.numbers.periods import Period
from tests.tasks.client import Api, Json
from tests.tasks.desk import ANNA_ID, Desk, operator
from tests.tasks.test_numbers import DAY, MARCH, paid, taken

TIERS = [
    {"from_conversion": "0", "per_paid": "50.00"},
    {"from_conversion": "0.5", "fixed": "1000.00", "per_paid": "100.00"},
]
PARTS = [{"from_day": "2026-03-01", "currency": "RUB", "tiers": TIERS}]
LATER = {"from_day": "2026-03-03", "currency": "RUB", "tiers": [{"from_conversion": "0", "fixed": "7.00"}]}
DAYS = st.dates(date(2025, 1, 1), date(2027, 12, 31))


async def put(api: Api, parts: object, version: int | None = 0, role: str = "admin") -> Json:
    given = {"desk": "demo"}
    answer = await api.call("PUT", "/pay-table", role=role, params=given, json={"parts": parts}, version=version)
    return {"status": answer.status_code, "tag": answer.headers.get("ETag"), **answer.json()}


async def pay(api: Api, days: dict[str, str] = MARCH, **asked: str) -> Json:
    params = {"desk": "demo", **days, **asked}
    found: Json = (await api.call("GET", "/reports/pay", role="supervisor", params=params)).json()
    return found


@pytest.mark.req("S4.7")
async def test_a_desk_says_what_it_pays_and_a_stale_change_is_refused(api: Api) -> None:
    made = await put(api, PARTS)
    stale, unnamed = await put(api, []), await put(api, [], None)
    assert [made["status"], made["tag"], made["version"]] == [200, '"1"', 1]
    assert [stale["status"], stale["current"]["version"], unnamed["status"]] == [412, 1, 428]
    assert (await put(api, [*PARTS, LATER], 1))["version"] == 2


@pytest.mark.req("S4.7", "P.6")
async def test_only_administrators_of_the_desk_say_what_is_paid_and_others_see_nothing(api: Api) -> None:
    assert (await put(api, PARTS, role="supervisor"))["status"] == 403
    days = {"desk": "demo", **MARCH}
    asked = {"/pay-table": {"desk": "demo"}, "/reports/pay": days, "/reports/conversion": days}
    answers = [await api.call("GET", path, role="admin", desks=("x",), params=asked[path]) for path in asked]
    unknown = await api.call("GET", "/reports/pay", role="admin", params={**days, "desk": "none"})
    assert [answer.status_code for answer in (*answers, unknown)] == [404] * 4


@pytest.mark.req("S4.7")
@pytest.mark.parametrize(
    "parts",
    [
        [LATER, *PARTS],
        [{**LATER, "tiers": []}],
        [{**LATER, "tiers": [TIERS[1], TIERS[0]]}],
        [{**LATER, "tiers": [{"from_conversion": "1.5"}]}],
        [{**LATER, "tiers": [{"from_conversion": "0", "fixed": "-1"}]}],
    ],
)
async def test_a_table_that_cannot_hold_is_refused(api: Api, parts: object) -> None:
    refused = await put(api, parts)
    assert (refused["status"], refused["code"]) == (422, "validation_failed")


@pytest.mark.req("S4.7")
async def test_people_are_paid_by_the_tier_that_their_conversion_reaches(desk: Desk, api: Api) -> None:
    await put(api, PARTS)
    tasks = [await taken(desk, api) for _ in range(3)]
    await paid(desk, tasks[0]["lead_id"])
    below = (await pay(api))["rows"][0]["pay"]
    await paid(desk, tasks[1]["lead_id"])
    row = (await pay(api))["rows"][0]
    assert (below, row["pay"]) == (
        [{"amount": "50.00", "currency": "RUB"}],
        [{"amount": "1200.00", "currency": "RUB"}],
    )
    assert (row["operator_id"], row["taken"], row["paid"], row["conversion"]) == (str(ANNA_ID), 3, 2, 0.6667)


@pytest.mark.req("S4.7")
async def test_each_part_of_a_table_pays_for_the_days_in_which_it_holds(desk: Desk, api: Api) -> None:
    await put(api, [*PARTS, LATER])
    first = await taken(desk, api)
    await paid(desk, first["lead_id"])
    await desk.pass_time(timedelta(days=2))
    await taken(desk, api)
    [row] = (await pay(api))["rows"]
    assert [(one["day_from"], one["day_to"], one["pay"]["amount"]) for one in row["stretches"]] == [
        ("2026-03-01", "2026-03-02", "1100.00"),
        ("2026-03-03", "2026-03-31", "7.00"),
    ]
    own = (await api.call("GET", "/reports/mine", params={"desk": "demo"})).json()
    assert own["pay"] == row["pay"] == [{"amount": "1107.00", "currency": "RUB"}]


@pytest.mark.req("S4.7")
@pytest.mark.parametrize(("language", "row"), [("ru", "'=1+1;1;0;0,0;1"), ("en", "'=1+1,1,0,0.0,1")])
async def test_a_report_is_exported_and_no_text_of_it_is_a_formula(
    desk: Desk, api: Api, language: str, row: str
) -> None:
    await taken(desk, api)
    await desk.receive(operator(ANNA_ID, "anna", name="=1+1"))
    params = {"desk": "demo", **DAY, "format": "csv"}
    path = "/reports/conversion/export"
    answer = await api.call("GET", path, role="supervisor", params=params, language=language)
    assert answer.headers["content-disposition"] == 'attachment; filename="conversion.csv"'
    lines = answer.content.decode("utf-8-sig").split("\r\n")
    assert (len(lines), lines[1].startswith(row)) == (4, True)


@pytest.mark.req("S4.7")
async def test_the_pay_table_is_exported_as_a_workbook(desk: Desk, api: Api) -> None:
    await put(api, PARTS)
    await paid(desk, (await taken(desk, api))["lead_id"])
    await desk.receive(operator(ANNA_ID, "anna", name="=1+1"))
    params = {"desk": "demo", **MARCH, "format": "xlsx"}
    answer = await api.call("GET", "/reports/pay/export", role="supervisor", params=params)
    written = ZipFile(BytesIO(answer.content)).read("xl/worksheets/sheet1.xml")
    sheet = ElementTree.fromstring(written)  # noqa: S314 - our own
    row = sheet[1][1]
    assert [(cell.get("t"), "".join(cell.itertext())) for cell in row][::7] == [
        ("inlineStr", "=1+1"),
        (None, "1100.00"),
    ]


@pytest.mark.req("S4.7", "P.6")
@pytest.mark.parametrize("path", ["/reports/conversion/export", "/reports/pay/export"])
async def test_operators_export_nothing(api: Api, path: str) -> None:
    refused = await api.call("GET", path, params={"desk": "demo", **DAY, "format": "csv"})
    assert refused.status_code == 403


@given(DAYS, DAYS)
def test_a_period_is_cut_into_whole_months_and_days_without_gap_or_double(one: date, other: date) -> None:
    first, last = min(one, other), max(one, other)
    period = Period.of(first, last)
    found = [day for stretch in (period.head, period.tail) for day in days_of(*stretch)]
    for month in {day.replace(day=1) for day in days_of(*period.months)}:
        found += [day for day in days_of(month, month + timedelta(days=31)) if day.month == month.month]
    assert sorted(found) == list(days_of(first, last))


@given(st.lists(DAYS, unique=True, max_size=5), DAYS, DAYS)
def test_at_most_one_part_holds_on_each_day_and_none_before_the_first(
    starts: list[date], one: date, other: date
) -> None:
    first, last = min(one, other), max(one, other)
    parts = [PayPart(start, "RUB", (Tier(Decimal(0)),)) for start in starts]
    found = {day: part.from_day for stretch, part in cut(parts, first, last) for day in days_of(*stretch)}
    assert found == {
        day: max(start for start in starts if start <= day)
        for day in days_of(first, last)
        if any(start <= day for start in starts)
    }


@given(st.integers(0, 500), st.integers(0, 500), st.lists(st.decimals(0, 1, places=4), unique=True, max_size=4))
def test_the_highest_tier_that_is_reached_pays(paid: int, more: int, shares: list[Decimal]) -> None:
    taken = paid + more
    part = PayPart(date(2026, 1, 1), "RUB", tuple(Tier(share, Decimal(7), Decimal(2)) for share in sorted(shares)))
    tier = part.tier(paid, taken)
    reached = [share for share in shares if taken and Decimal(paid) / taken >= share]
    assert (tier and tier.from_conversion) == (max(reached) if reached else None)
    assert pay_of(part, tier, paid) == (7 + 2 * paid if tier else 0)


def days_of(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
