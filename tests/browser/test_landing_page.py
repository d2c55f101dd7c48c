"""A landing page of somebody's own site sends orders by script, and reads what became of them."""

import asyncio

import pytest

from tests.browser.page import Page, ScriptError
from tests.browser.product import Product, Source
from tests.browser.site import Site

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300), pytest.mark.req("U2")]

# What the page's button does; `answers` is what the page has read until now.
LANDING = """
<button>Order</button>
<script>
const answers = [];
async function send(url, token, order) {
  const headers = {"Content-Type": "application/json", "X-Source-Token": token};
  const answer = await fetch(url, {method: "POST", headers, body: JSON.stringify(order)});
  const read = {status: answer.status, headers: Object.fromEntries(answer.headers), ...await answer.json()};
  answers.push(read);
  return read;
}
</script>
"""
SEND = "return await send(url, token, order)"
PRESSED = 'document.querySelector("button").onclick = () => send(url, token, order)'
READ = "while (answers.length < 2) await new Promise(requestAnimationFrame); return answers"


async def sent(page: Page, source: Source, order: object, token: str | None = None) -> dict[str, object]:
    """Send an order by the page's script, and return what the page has read."""
    read: dict[str, object] = await page.run(SEND, url=source.url, token=token or source.token, order=order)
    return read


@pytest.mark.req("U3")
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "shop.example"])
async def test_a_page_of_a_named_origin_reads_what_became_of_its_order(
    product: Product, site: Site, page: Page, host: str
) -> None:
    source = await product.source(origins=[site.origin(host)])
    await page.open(site.put("/landing", LANDING, host))
    phone = product.phone()
    read = await sent(page, source, {"name": "Anna", "phone": phone})
    [lead] = await product.leads(phone)
    assert (read["status"], read["disposition"], read["lead_id"]) == (202, "accepted", lead["id"])
    assert ("x-request-id" in read["headers"], page.errors) == (True, [])  # type: ignore[operator]  # a JSON object


@pytest.mark.req("U3")
async def test_a_visitor_who_presses_twice_is_one_lead(product: Product, site: Site, page: Page) -> None:
    source = await product.source(origins=["*"])
    await page.open(site.put("/landing", LANDING))
    order = {"name": "Anna", "phone": product.phone()}
    await page.run(PRESSED, url=source.url, token=source.token, order=order)
    await page.click("button", times=2)
    answers = await page.run(READ)
    leads = await product.leads(order["phone"])
    assert [answer["disposition"] for answer in answers] == ["accepted", "repeat"]
    assert {answer["lead_id"] for answer in answers} == {lead["id"] for lead in leads}


@pytest.mark.req("U17")
async def test_a_page_shows_why_its_order_waits_and_how_to_prove_who_it_is(
    product: Product, site: Site, page: Page
) -> None:
    source = await product.source(origins=[site.origin()])
    await page.open(site.put("/landing", LANDING))
    waiting = await sent(page, source, {"name": "Anna", "telefon": "79130000001"})
    refused = await sent(page, source, {"phone": "79130000001"}, token="not-the-token")
    notes = {note["field"]: note["code"] for note in waiting["notes"]}  # type: ignore[attr-defined]  # a JSON list
    assert (waiting["reason"], notes) == ("no_contact", {"phone": "missing", "email": "missing"})
    assert (refused["status"], refused["code"]) == (401, "sender_unverified")
    assert "header X-Source-Token" in refused["ways"]  # type: ignore[operator]  # a JSON list


@pytest.mark.parametrize("origins", [[], ["https://shop.example"]])
async def test_a_page_of_no_named_origin_is_stopped_by_the_browser(
    product: Product, site: Site, page: Page, origins: list[str]
) -> None:
    source = await product.source(origins=origins)
    await page.open(site.put("/landing", LANDING))
    phone = product.phone()
    with pytest.raises(ScriptError, match="Failed to fetch"):
        await sent(page, source, {"name": "Anna", "phone": phone})
    assert (await product.leads(phone), len(page.errors)) == ([], 2)


async def test_a_simple_order_of_no_named_origin_arrives_though_the_page_reads_nothing(
    product: Product, site: Site, page: Page
) -> None:
    source = await product.source()
    await page.open(site.put("/landing", LANDING))
    phone = product.phone()
    script = "await fetch(url, {method: 'POST', mode: 'no-cors', body: new URLSearchParams(order)})"
    await page.run(script, url=f"{source.url}?token={source.token}", order={"phone": phone})
    assert len(await product.leads(phone)) == 1


async def test_many_visitors_at_once_are_a_lead_each(product: Product, site: Site, page: Page) -> None:
    source = await product.source(origins=[site.origin()])
    await page.open(site.put("/landing", LANDING))
    phones = [product.phone() for _ in range(5)]
    answers = await asyncio.gather(*(sent(page, source, {"phone": phone}) for phone in phones))
    assert len({answer["lead_id"] for answer in answers}) == len(phones)
