"""Leads are found by anything that is known of them: numbers, names, phones, e-mails, ids (S4.15)."""

from urllib.parse import quote
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from services.intake.leads.search import matching
from services.intake.leads.tables import lead
from tests.intake.api import Api
from tests.intake.test_leads_api import a_lead, found

PERSONS = {
    "Анна Иванова": ("gc-1", "8 916 123-45-67", {"external_number": "UX-9001", "email": "Anna@b.ru"}),
    "Борис": ("gc-2", "8 926 765-43-21", {"external_number": "UX-9002"}),
    "Karl": ("gc-3", "+49 30 901820", {}),
}


async def people(api: Api) -> None:
    for name, (number, phone, more) in PERSONS.items():
        await a_lead(api, number, phone, name=name, **more)


@pytest.mark.req("U19", "S4.15")
@pytest.mark.parametrize(
    "q",
    [
        "UX-9001", "ux-9001", "gc-1", "1001", "№1001", "# 1001",
        "89161234567", "+7 916 123 45 67", "+7(916)123-45-67", "0079161234567", "тел. 8-916-123-45-67 Анна",
        "9161234567", "123-45-67", "4567", "8916", "+7916", "916 123", "345 6", "891612345", "٩١٦١٢٣",
        "Анна", "анн", "иванова анна", "ANNA@b.ru",
    ],
)  # fmt: skip
async def test_a_lead_is_found_by_anything_known_of_it(api: Api, q: str) -> None:
    await people(api)
    assert await found(api, f"q={quote(q)}") == ["Анна Иванова"]


@pytest.mark.req("U19", "S4.15")
@pytest.mark.parametrize("q", ["+493090182", "4930901820", "030 901820", "30901820", "karl"])
async def test_a_lead_of_another_country_is_found_too(api: Api, q: str) -> None:
    await people(api)
    assert await found(api, f"q={quote(q)}") == ["Karl"]


@pytest.mark.req("U19")
@pytest.mark.parametrize(
    "q", ["%", "_", "9" * 30, "nobody", "'", "UX-900", "567", "", " ", "№", "@", "+", "\u0661"]
)
async def test_what_is_not_there_is_not_found(api: Api, q: str) -> None:
    await people(api)
    assert await found(api, f"q={quote(q)}") == []


@pytest.mark.req("U19")
async def test_a_lead_is_found_by_another_number_of_its_customer(api: Api) -> None:
    await a_lead(api, "1", "8 916 123-45-67", email="anna@b.ru")
    await a_lead(api, "2", "8 926 765-43-21", email="anna@b.ru", name="Анна с работы")
    names = {"Анна", "Анна с работы"}
    assert [set(await found(api, f"q={q}")) for q in ("89161234567", "89267654321")] == [names, names]


@pytest.mark.req("U19", "P.6")
async def test_a_search_finds_nothing_of_other_desks(api: Api) -> None:
    await people(api)
    answers = [await api.call("GET", f"/leads?q={q}", role="supervisor", desks=["x"]) for q in ("1001", "4567")]
    assert [answer.json()["items"] for answer in answers] == [[], []]


@pytest.mark.req("U19")
@pytest.mark.parametrize("q", ["101", "89161234567", "anna@b.ru"])
async def test_numbers_whole_phones_and_emails_are_looked_up_by_indexes(api: Api, q: str) -> None:
    words = select(lead.c.id).where(matching(q))
    async with api.ctx.core.db.read() as conn:
        await conn.execute(text("SET LOCAL enable_seqscan = off"))
        explained = words.compile(conn.engine, compile_kwargs={"literal_binds": True})
        plan = "\n".join(row[0] for row in await conn.execute(text(f"EXPLAIN {explained}")))
    assert not any(f"Seq Scan on {table}" in plan for table in ("lead", "sales_order", "customer_identity")), plan


@pytest.mark.req("U13", "P.6")
async def test_leads_are_read_by_their_ids(api: Api) -> None:
    wanted = [await a_lead(api, str(n), f"8 916 123-45-6{n}", name=f"n{n}") for n in range(3)][:2]
    query = "&".join(f"ids={each}" for each in (*wanted, uuid4()))
    too_many = await api.call("GET", "/leads?" + "&".join(f"ids={uuid4()}" for _ in range(201)))
    assert (await found(api, query), too_many.status_code) == (["n1", "n0"], 422)
