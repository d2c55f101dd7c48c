"""A plain form of somebody's own site: no script, and a visitor who is led away and sees what comes."""

from html import escape

import pytest

from tests.browser.page import Page
from tests.browser.product import Product, Source
from tests.browser.site import LOCKED, Site

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300), pytest.mark.req("U18")]

ENCODINGS = ["enctype=application/x-www-form-urlencoded", "enctype=multipart/form-data", "enctype=text/plain"]
OLD = [f"accept-charset=windows-1251 {encoding}" for encoding in ENCODINGS]
THANKS = "<h1>Спасибо!</h1>"


def form(source: Source, phone: str, attributes: str = "", token: str | None = None) -> str:
    """Return a form that a visitor has filled in."""
    address = escape(f"{source.url}?token={token or source.token}")
    return f"""
    <form action="{address}" {attributes} method=post>
      <input type=hidden name=token value="{token or source.token}"> <input type=file name=photo>
      <input name=name value="Анна Петрова"> <input name=phone value="{phone}"> <button>Заказать</button>
    </form>"""


@pytest.mark.req("multipart", "cp1251-form")
@pytest.mark.parametrize("attributes", [*ENCODINGS, *OLD, "method=get"])
@pytest.mark.parametrize("host", ["localhost", "shop.example"])
async def test_a_visitor_ends_at_the_thanks_of_the_source(
    product: Product, site: Site, page: Page, attributes: str, host: str
) -> None:
    thanks = site.put("/thanks", THANKS, host)
    source, phone = await product.source(thanks_url=thanks), product.phone()
    await page.open(site.put("/form", form(source, phone, attributes), host))
    async with page.leaving():
        await page.click("button")
    [lead] = await product.leads(phone)
    assert (await page.address(), await page.text()) == (thanks, "Спасибо!")
    assert (lead["person"]["name"], page.errors) == ("Анна Петрова", [])


async def test_a_form_that_a_page_sends_into_a_frame_ends_there(product: Product, site: Site, page: Page) -> None:
    thanks = site.put("/thanks", THANKS)
    source, phone = await product.source(thanks_url=thanks), product.phone()
    await page.open(site.put("/form", f"{form(source, phone, 'target=below')}<iframe name=below></iframe>"))
    await page.run("window.sent = new Promise(loaded => document.querySelector('iframe').onload = loaded)")
    await page.click("button")
    shown = await page.run("await sent; return document.querySelector('iframe').contentDocument.body.innerText")
    assert (shown, len(await product.leads(phone)), page.errors) == ("Спасибо!", 1, [])


async def test_without_thanks_a_visitor_sees_what_is_answered(product: Product, site: Site, page: Page) -> None:
    source, phone = await product.source(), product.phone()
    await page.open(site.put("/form", form(source, phone)))
    await page.watch_logins()
    async with page.leaving():
        await page.click("button")
    assert '"disposition":"accepted"' in await page.text()
    assert (len(await product.leads(phone)), page.logins) == (1, [])


@pytest.mark.req("U3")
async def test_a_visitor_who_presses_twice_is_one_lead(product: Product, site: Site, page: Page) -> None:
    thanks = site.put("/thanks", THANKS)
    source, phone = await product.source(thanks_url=thanks), product.phone()
    await page.open(site.put("/form", form(source, phone)))
    async with page.leaving():
        await page.click("button", times=2)
    assert (await page.address(), len(await product.leads(phone))) == (thanks, 1)


@pytest.mark.req("U7")
async def test_a_wrong_token_opens_no_window_to_log_in(product: Product, site: Site, page: Page) -> None:
    source, phone = await product.source(), product.phone()
    await page.open(site.put("/form", form(source, phone, token="not-the-token")))
    await page.watch_logins()
    async with page.leaving():
        await page.click("button")
    shown = await page.text()
    assert ("sender_unverified" in shown, "header X-Source-Token" in shown, page.logins) == (True, True, [])
    assert await product.leads(phone) == []


async def test_such_a_window_would_be_noticed(site: Site, page: Page) -> None:
    await page.watch_logins()
    await page.open(site.origin() + LOCKED)
    assert page.logins == ["basic here"]
