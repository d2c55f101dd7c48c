"""Leads are found by anything that is known of them: numbers, names, phones, e-mails, ids (S4.15)."""

from datetime import timedelta
from urllib.parse import quote, urlencode
from uuid import UUID, uuid4

import pytest
from sqlalchemy import ColumnElement, Select, select, text, true

from libs.common.platform.db import Reading
from services.intake.leads import search as finding
from services.intake.leads.search import FirstPage, in_order, search
from services.intake.leads.tables import lead
from services.intake.leads.worker import SORT_IN
from tests.intake.api import Api
from tests.intake.test_leads_api import a_lead, found

PERSONS = {
    "Анна Иванова": ("gc-1", "8 916 123-45-67", {"external_number": "UX-9001", "email": "Anna@b.ru"}),
    "Борис": ("gc-2", "8 926 765-43-21", {"external_number": "UX-9002"}),
    "Karl": ("gc-3", "+49 30 901820", {}),
    "Семён Ли": ("gc-4", "8 999 000-00-00", {}),
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
    async with api.ctx.core.db.read() as conn:
        await conn.execute(text("SET LOCAL enable_seqscan = off"))
        plan = await planned(conn, (await search(q).found(conn, true())).condition)
    assert not any(f"Seq Scan on {table}" in plan for table in ("lead", "sales_order", "customer_identity")), plan


@pytest.mark.req("S4.15")
@pytest.mark.parametrize("q", ["иванова", "Анна Иванова", "Ян", "4567", "8916", "012345"])
async def test_parts_of_names_and_phones_are_looked_up_by_trigrams(api: Api, q: str) -> None:
    await crowd(api)
    async with api.ctx.core.db.read() as conn:
        await conn.execute(finding._TRIGRAMS_ALONE)
        part = search(q).part
        assert part is not None
        plan = await planned(conn, part)
    assert ("ix_lead_words" in plan, "Seq Scan" in plan) == (True, False), plan


@pytest.mark.req("S4.15")
async def test_of_a_common_word_the_newest_are_read_in_their_order_until_a_page_is_full(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    await people(api)
    monkeypatch.setattr(finding, "MANY", 0)
    async with api.ctx.core.db.read() as conn:
        common = await search("и").found(conn, true())
        await in_order(conn)
        plan = await planned(conn, common.condition)
    pages = await found(api, f"q={quote('и')}&limit=1"), await found(api, f"q={quote('и')}")
    assert (common.many, "ix_lead_created_at" in plan, "Sort" in plan) == (True, True, False), plan
    assert pages == (["Анна Иванова"], ["Анна Иванова"])


@pytest.mark.req("S4.15")
async def test_of_a_common_word_the_few_that_are_asked_for_are_not_looked_for_among_all(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        await a_lead(api, f"gc-{number}", f"8 916 123-45-6{number}", name=f"Анна {number}")
    await api.ctx.core.db.pool.execute("UPDATE lead SET status = 'rare' WHERE name = 'Анна 1'")
    monkeypatch.setattr(finding, "MANY", 1)
    async with api.ctx.core.db.read() as conn:
        few = await search("анна").found(conn, true(), lead.c.status == "rare")
        many = await search("анна").found(conn, true(), lead.c.stage == "new")
    pages = [await found(api, f"q={quote('анна')}&{asked}") for asked in ("status=rare", "stage=new&limit=2")]
    assert (few.many, many.many, pages) == (False, True, [["Анна 1"], ["Анна 2", "Анна 1"]])


MERGE = "UPDATE lead SET merged_into = (SELECT id FROM lead WHERE name = $2) WHERE name = $1"


async def many(api: Api, *names: str) -> None:
    """Make leads of these names, the newest first."""
    for number, name in enumerate(reversed(names)):
        api.clock.advance(timedelta(seconds=1))
        await a_lead(api, f"gc-{number}", f"8 916 123-45-{number:02}", name=name)


@pytest.mark.req("S4.15")
@pytest.mark.parametrize(
    ("names", "fills"),
    [
        (["Анна", "Анна", "Борис"], True),  # of the first two
        (["Анна", "Борис", "Анна", "Борис", "Борис"], True),  # as many in the next two would fill the page
        (["Анна", "Борис", "Борис", "Борис", "Анна", "Борис"], False),  # there were not as many
        (["Борис", "Борис", "Анна", "Анна", "Борис"], False),  # seldom among the newest: the others are not read
        (["Анна", "Анна"], False),  # all leads are fewer than that: nothing is gained
    ],
)
async def test_a_common_word_fills_the_first_page_from_the_newest_leads(
    api: Api, monkeypatch: pytest.MonkeyPatch, names: list[str], fills: bool
) -> None:
    await many(api, *names)
    monkeypatch.setattr(finding, "NEWEST", (2, 4))
    async with api.ctx.core.db.read() as conn:
        page = await search("анна").found(conn, true(), first=FirstPage(true(), true(), 2))
        next_page = await search("анна").found(conn, true())
    assert (page.many, next_page.many) == (fills, False)


@pytest.mark.req("S4.15")
@pytest.mark.parametrize("newest", [(4, 7), (2000, 10_000)])
async def test_pages_hold_the_same_however_they_are_read(
    api: Api, monkeypatch: pytest.MonkeyPatch, newest: tuple[int, int]
) -> None:
    names = ["Анна 5", "Анна 4", "Борис", "Анна 3", "Вера", "Анна 2", "Анна 1", "Борис"]
    await many(api, *names)
    await api.ctx.core.db.pool.execute(MERGE, "Анна 5", "Вера")
    monkeypatch.setattr(finding, "NEWEST", newest)
    seen, place = [], {"q": "анна", "desk": "demo", "limit": "2"}
    while place.get("cursor", "the first"):
        page = (await api.call("GET", f"/leads?{urlencode(place)}")).json()
        seen.append([item["person"]["name"] for item in page["items"]])
        place["cursor"] = page["next_cursor"]
    assert seen == [["Анна 4", "Анна 3"], ["Вера", "Анна 2"], ["Анна 1"]]


@pytest.mark.req("S4.15")
async def test_of_the_newest_no_more_are_read_than_that(api: Api) -> None:
    await crowd(api)
    part = search("анна").part
    assert part is not None
    async with api.ctx.core.db.read() as conn:
        await in_order(conn)
        for desk in (true(), lead.c.desk == "demo"):
            plan = await explained(conn, FirstPage(desk, lead.c.merged_into.is_(None), 51).of_newest(20, part))
            assert (plan.count("using ix_lead"), "Seq Scan" in plan, "Sort" in plan) == (2, False, False), plan


CROWD = """
INSERT INTO lead (id, desk, customer_id, source_id, source, playbook, status, title, stage, signals, name, phone,
    language, zone, marketing, created_at, updated_at, version)
SELECT gen_random_uuid(), 'demo', gen_random_uuid(), gen_random_uuid(), 'x', 'x', 'new', '{}', 'new', '{}',
    'Имя ' || n, '+79' || lpad((n * 7919 % 1000000007)::text, 9, '0'), 'ru', 'UTC', '{}', now(), now(), 1
FROM generate_series(1, 5000) AS n
"""


async def crowd(api: Api) -> None:
    """Make so many leads that reading all of them is no way to find one."""
    await api.ctx.core.db.pool.execute(CROWD)
    for statement in (SORT_IN, "ANALYZE lead"):
        await api.ctx.core.db.pool.execute(statement)


async def planned(conn: Reading, condition: ColumnElement[bool]) -> str:
    """Return the plan of a page of leads."""
    page = select(lead.c.id).where(condition).order_by(lead.c.created_at.desc(), lead.c.id.desc()).limit(51)
    return await explained(conn, page)


async def explained(conn: Reading, query: Select[tuple[UUID]]) -> str:
    """Return the plan of a query."""
    written = query.compile(conn.engine, compile_kwargs={"literal_binds": True})
    return "\n".join(row[0] for row in await conn.execute(text(f"EXPLAIN {written}".replace(":", "\\:"))))


@pytest.mark.req("S4.15")
@pytest.mark.parametrize("q", ["семен", "СЕМЁН ли", "ли", "Ли Семен"])
async def test_a_name_is_found_with_either_spelling_and_by_the_beginning_of_a_short_word(api: Api, q: str) -> None:
    await people(api)
    assert await found(api, f"q={quote(q)}") == ["Семён Ли"]


@pytest.mark.req("U13", "P.6")
async def test_leads_are_read_by_their_ids(api: Api) -> None:
    wanted = [await a_lead(api, str(n), f"8 916 123-45-6{n}", name=f"n{n}") for n in range(3)][:2]
    query = "&".join(f"ids={each}" for each in (*wanted, uuid4()))
    too_many = await api.call("GET", "/leads?" + "&".join(f"ids={uuid4()}" for _ in range(201)))
    assert (await found(api, query), too_many.status_code) == (["n1", "n0"], 422)
