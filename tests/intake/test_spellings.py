"""Sums, times, states and names as people and machines write them, over HTTP; what is doubtful is noted."""

from decimal import Decimal
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from libs.common.contracts.intake import LeadReceivedV2, LeadUpdated, OrderChanged
from services.intake.formats.amounts import read_amount
from tests.intake.api import Api, order, order_in
from tests.intake.test_numbers_of_people import notes_of

UNCERTAIN = ("uncertain",)


async def school(api: Api, **fields: str) -> str:
    """Call the URL of a school's source, made before; return the disposition."""
    key = await api.ctx.core.db.pool.fetchval("SELECT key FROM source WHERE code = 'getcourse'")
    url = f"/intake/v1/hooks/{key}" if key else await api.source("getcourse")
    answer = await api.send("GET", f"{url}?{urlencode({'id': '1', 'phone': '79130000001', **fields})}")
    return str(answer.json()["disposition"])


@pytest.mark.req("amounts")
@pytest.mark.parametrize("kind", ["landing", "getcourse"])
@pytest.mark.parametrize(("text", "amount", "currency"), [
    ("1&nbsp;990,00 руб.", "1990.00", "RUB"), ("руб. 1990", "1990.00", "RUB"), ("р.1990", "1990.00", "RUB"),
    ("Rs.1990", "1990.00", "INR"), ("1'990.00", "1990.00", "RUB"), ("15 тыс. руб.", "15000.00", "RUB"),
    ("1990 ₪", "1990.00", "ILS"), ("1 990 руб. 50 коп.", "1990.50", "RUB"),
    ("Итого: 1\u202f990 ₽", "1990.00", "RUB"),
    ("1.990,00 €", "1990.00", "EUR"), ("US$ 1,990.00", "1990.00", "USD"), ("1990,-", "1990.00", "RUB"),
])  # fmt: skip
async def test_a_sum_is_read_in_any_spelling(api: Api, kind: str, text: str, amount: str, currency: str) -> None:
    if kind == "landing":
        await api.deliver(await api.source(), order(total=text))
    else:
        await school(api, cost=text)
    [event] = await api.said(LeadReceivedV2)
    read = order_in(event).amount
    assert read is not None
    assert (str(read.amount), read.currency, event.signals) == (amount, currency, ())


@pytest.mark.req("amounts")
@pytest.mark.parametrize("text", [
    "№123 1990 руб.", "от 1990 руб.", "5-7 тыс. руб.", "2 x 1990", "1990 руб/мес", "50%", "-1990", "(1990)",
    "1 99 руб.",
    "1.99.00", "договорная", "1990 ¤",
])  # fmt: skip
async def test_a_doubtful_sum_is_none_and_noted(api: Api, text: str) -> None:
    await api.deliver(await api.source(), order(total=text))
    [event] = await api.said(LeadReceivedV2)
    assert (order_in(event).amount, event.signals) == (None, UNCERTAIN)
    assert await notes_of(api) == [("amount", "not_an_amount", text)]


@pytest.mark.req("amounts")
async def test_a_doubt_about_a_later_delivery_is_a_signal_too(api: Api) -> None:
    url = await api.source()
    for total in ("1990", "много", "много"):
        await api.deliver(url, order(total=total))
    [event] = await api.said(LeadUpdated)
    assert (event.signals, await api.count("history")) == (UNCERTAIN, 1)
    assert await api.ctx.core.db.pool.fetchval("SELECT amount FROM sales_order") == 1990


BEFORE = st.sampled_from(
    ["", "", "Итого: ", "руб. ", "р.", "$", "€ ", "Rs.", "№12 ", "от ", "ca. ", "(", "~", "x", "-"]
)
BEHIND = st.sampled_from(
    ["", "", " руб.", "р", " ₽", ",-", " €", "/мес", "%", " за 2 шт", " - 10%", " 1", " USD", "+"]
)


@st.composite
def sums(draw: DrawFn) -> tuple[str, Decimal]:
    """Return a sum in some spelling, and the sum."""
    whole, cents = draw(st.integers(0, 99_999_999)), draw(st.none() | st.integers(0, 99))
    marks = draw(
        st.sampled_from([(" ", ","), (" ", "."), ("\u00a0", ","), (".", ","), (",", "."), ("'", "."), ("", ".")])
    )
    text = f"{whole:,}".replace(",", marks[0])
    text += "" if cents is None else f"{marks[1]}{cents:02}"
    return draw(BEFORE) + text + draw(BEHIND), whole + Decimal(cents or 0) / 100


@pytest.mark.req("amounts")
@given(sums())
def test_any_formatting_of_a_sum_gives_that_sum_or_none(written: tuple[str, Decimal]) -> None:
    assert read_amount(written[0]) in {None, written[1]}


@pytest.mark.req("cost_money")
async def test_the_sum_of_a_deal_with_its_currency_is_read(api: Api) -> None:
    await school(api, cost_money="1 990 руб.", payed_money="990 руб.", status="In progress")
    [event] = await api.said(LeadReceivedV2)
    known = order_in(event)
    assert known.amount is not None
    assert (str(known.amount.amount), known.paid and str(known.paid.amount)) == ("1990.00", "990.00")
    assert (known.status, await notes_of(api)) == ("in_work", [])


@pytest.mark.req("cost_money")
@pytest.mark.parametrize(("title", "status"), [
    ("Completed", "paid"), ("In progress", "in_work"), ("Awaiting payment", "awaiting_payment"), ("New", "new"),
    ("Partially paid", "part_paid"), ("Cancelled", "cancelled"), ("Not confirmed", "unconfirmed"),
    ("On hold", "on_hold"), ("Waiting for refund", "refund_requested"), ("PAYMENT-WAITING", "awaiting_payment"),
    ("Завершён", "paid"),
])  # fmt: skip
async def test_titles_of_states_are_known_in_both_languages(api: Api, title: str, status: str) -> None:
    await school(api, status=title)
    assert order_in((await api.said(LeadReceivedV2))[0]).status == status


@pytest.mark.req("dates", "S4.1")
@pytest.mark.parametrize(("new", "paid", "late"), [
    ("28.11.2025 10:00", "28.11.2025 12:00", "28.11.2025 11:00"),
    ("1764313200", "1764320400", "1764316800"),
    ("1764313200000", "1764320400000", "1764316800000"),
    ("/Date(1764313200000)/", "/Date(1764320400000+0300)/", "/Date(1764316800000)/"),
    ("Fri, 28 Nov 2025 10:00:00 +0300", "Fri, 28 Nov 2025 09:00:00 GMT", "Fri, 28 Nov 2025 11:00:00 +0300"),
    ("28 ноября 2025 г., 10:00", "Nov 28, 2025 12:00 PM", "2025-11-28T08:00:00Z"),
    ("", "", ""), ("28.11.2025 10:00", "28.11.2025 12:00", ""), ("", "28.11.2025 12:00", ""),
    ("03/04/2025 10:00", "03/04/2025 12:00", "03/04/2025 13:00"),
])  # fmt: skip
async def test_a_paid_order_stays_paid_by_what_comes_late(api: Api, new: str, paid: str, late: str) -> None:
    for status, at in (("new", new), ("payed", paid), ("in_work", late)):
        await school(api, status=status, updated_at=at)
    assert [c.to_status for c in await api.said(OrderChanged)] == ["paid"]
    assert ("status", "state_kept", "in_work") in await notes_of(api)


@pytest.mark.req("dates")
@pytest.mark.parametrize("status", ["waiting_for_return", "cancelled", "Возврат"])
async def test_a_refund_or_a_cancelled_order_needs_no_time(api: Api, status: str) -> None:
    for each in ("payed", status):
        await school(api, status=each)
    assert len(await api.said(OrderChanged)) == 1


@pytest.mark.req("dates", "S4.1")
async def test_a_newer_time_leads_back_from_paid(api: Api) -> None:
    for status, at in (("payed", "28.11.2025 10:00"), ("in_work", "28.11.2025 10:01")):
        await school(api, status=status, updated_at=at)
    assert [c.to_status for c in await api.said(OrderChanged)] == ["in_work"]


@pytest.mark.req("dates")
async def test_a_time_that_may_be_two_is_noted(api: Api) -> None:
    await school(api, updated_at="03/04/2025 10:00")
    assert await notes_of(api) == [("said_at", "not_a_time", "03/04/2025 10:00")]
    assert (await api.said(LeadReceivedV2))[0].signals == UNCERTAIN


@pytest.mark.req("entities-and-null")
@pytest.mark.parametrize(("typed", "read"), [
    ("O&#039;Neil &amp; Co", "O'Neil & Co"), ("O&amp;#039;Neil", "O'Neil"), ("null", None), ("undefined", None),
    ("\u200b", None), ("\u200bАнна\ufeff", "Анна"), ("-", None), ("[object Object]", None), ("{{name}}", None),
    ("%name%", None), ("None", None), ("не указано", None), ("&nbsp;", None),
    ("Нил Null-Иванов", "Нил Null-Иванов"), ("🌸", "🌸"), ("На", "На"),
])  # fmt: skip
async def test_a_name_is_read_as_it_was_meant(api: Api, typed: str, read: str | None) -> None:
    await api.deliver(await api.source(), order(name=typed))
    assert (await api.said(LeadReceivedV2))[0].person.name == read


@pytest.mark.req("entities-and-null")
async def test_a_stand_in_hides_no_name_behind_it(api: Api) -> None:
    await api.deliver(
        await api.source(), order(name="null", first_name="Анна", last_name="undefined", email="null")
    )
    [event] = await api.said(LeadReceivedV2)
    assert (event.person.name, event.person.email) == ("Анна", None)


@pytest.mark.req("name-with-link")
@pytest.mark.parametrize(("typed", "read"), [
    ("Anna\nhttps://example.org/pay", "Anna"), ("Anna www.example.org", "Anna"), ("Anna t.me/pay", "Anna"),
    ("evil.ru", None), ("Анна мойсайт.рф", "Анна"), ("<a href='https://example.org'>Anna</a>", "Anna"),
    ("Anna\r\nIvanova\t", "Anna Ivanova"), ("Anna\u2028Ivanova", "Anna Ivanova"),
    ("HTTPS://EXAMPLE.ORG Anna", "Anna"), ("Anna &lt;b&gt;x&lt;/b&gt;", "Anna x"), ("anna.smith", "anna. smith"),
    ("А.С. Пушкин", "А.С. Пушкин"),
    ("Anna pay@example.org", "Anna"), ("tg://resolve?domain=x Anna", "Anna"), ("@anna", "anna"),
    ("Anna 10.0.0.1", "Anna"), ("Anna example.co.uk", "Anna example. co. uk"),
])  # fmt: skip
async def test_links_and_line_breaks_never_leave_in_a_name(api: Api, typed: str, read: str | None) -> None:
    await api.deliver(await api.source(), order(name=typed))
    assert (await api.said(LeadReceivedV2))[0].person.name == read
