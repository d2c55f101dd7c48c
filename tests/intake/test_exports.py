"""Leads and their orders are exported as CSV and XLSX: streamed, formula-safe, logged (S4.7, P.7)."""

from io import BytesIO
from urllib.parse import quote
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest

from services.intake.leads import exports
from tests.intake.api import Api
from tests.intake.test_leads_api import a_lead, found, operator, owner

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
LOG = "SELECT operation, shown FROM audit ORDER BY id"


async def csv(api: Api, query: str = "", language: str = "ru") -> list[list[str]]:
    answer = await api.call(
        "GET",
        f"/leads/export?format=csv{query}",
        role="supervisor",
        desks=["demo"],
        headers={"accept-language": language},
    )
    assert answer.headers["content-type"].startswith("text/csv")
    return [line.split(";") for line in answer.content.decode("utf-8-sig").split("\r\n")][:-1]


@pytest.mark.req("S4.7")
async def test_a_table_has_a_row_for_each_order_and_no_text_of_it_is_a_formula(api: Api) -> None:
    await a_lead(api, "gc-1", name="=1+1;x", email="a@b.ru")
    head, row = await csv(api)
    assert head[:3] == ["Получена", "Источник", "Статус"]
    assert (row[1], row[5:7], row[7], row[9]) == ("landing", ["\"'=1+1", 'x"'], "79161234567", "1001")


@pytest.mark.req("S4.7")
async def test_more_leads_than_a_piece_come_once_each_the_newest_first(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "AT_ONCE", 2)
    for number in range(5):
        await a_lead(api, f"gc-{number}", f"8 916 123-45-6{number}", name=f"n{number}")
    assert [row[5] for row in (await csv(api))[1:]] == ["n4", "n3", "n2", "n1", "n0"]
    assert [row[5] for row in (await csv(api, "&q=n3"))[1:]] == ["n3"]


@pytest.mark.req("S4.15", "S4.7")
async def test_leads_are_found_by_status_and_manager_in_list_and_table(api: Api) -> None:
    first = await a_lead(api, "gc-1", "8 916 123-45-61", name="Анна")
    await a_lead(api, "gc-2", "8 916 123-45-62", name="Борис")
    await api.hear(operator(first, "maria"))
    await api.hear(owner(first, first))
    listed = await found(api, f"owner_id={first}&q={quote('8916')}&status=new")
    rows = await csv(api, f"&owner_id={first}&status=new")
    assert (listed, [(row[4], row[5]) for row in rows[1:]]) == (["Анна"], [("maria", "Анна")])


@pytest.mark.req("S4.7")
async def test_a_workbook_is_whole_and_its_texts_are_texts(api: Api) -> None:
    await a_lead(api, "gc-1", name="=1+1", email="+a@b.ru")
    answer = await api.call("GET", "/leads/export?format=xlsx", role="supervisor", desks=["demo"])
    with ZipFile(BytesIO(answer.content)) as book:
        parts, written = {*book.namelist()}, book.read("xl/worksheets/sheet1.xml")
        assert book.testzip() is None
    sheet = ElementTree.fromstring(written)  # noqa: S314 - our own
    cells = [(cell.get("t"), "".join(cell.itertext())) for cell in sheet.iter(f"{MAIN}c")][16:]
    assert {"[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/styles.xml"} < parts
    assert (cells[5], cells[6], cells[0][0]) == (("inlineStr", "=1+1"), ("inlineStr", "+79161234567"), None)
    assert sheet.findall(f".//{MAIN}f") == []


@pytest.mark.req("P.7", "P.6")
async def test_an_export_is_logged_by_whom_it_shows_and_refused_to_operators_and_other_desks(api: Api) -> None:
    await a_lead(api)
    other = await api.call("GET", "/leads/export?format=csv", role="supervisor", desks=["other"])
    await csv(api)
    refused = await api.call("GET", "/leads/export?format=csv", role="operator", desks=["demo"])
    log = [tuple(row) for row in await api.ctx.core.db.pool.fetch(LOG)]
    assert (other.text.count("\r\n"), refused.status_code) == (1, 403)
    assert log == [("export_leads", 1), ("export_leads", 1), ("export_leads", 1)]
