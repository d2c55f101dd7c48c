"""The page of the APIs' documents in a browser that reaches this machine alone."""

from urllib.parse import urlsplit

import pytest

from tests.browser.page import Page
from tests.browser.product import Json, Product

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]

# The names of all groups of operations, and the addresses in those of `opened` once they are clicked.
SHOWN = """
const all = selector => [...document.querySelectorAll(selector)];
const until = async met => { while (!met()) await new Promise(requestAnimationFrame); };
await until(() => all(".opblock-tag").length);
for (const group of opened) {
  const before = all(".opblock").length;
  document.getElementById(`operations-tag-${group}`).click();
  await until(() => all(".opblock").length > before);
}
const read = (selector, what) => all(selector).map(each => each.dataset[what]).sort();
return [read(".opblock-tag", "tag"), read(".opblock-summary-path", "path")];
"""
OPENED = ["leads", "tasks", "operators", "messages"]  # one of each service


def operations(document: Json) -> list[tuple[str, str]]:
    """Return the group and the address of each."""
    return [(each["tags"][0], path) for path, methods in document["paths"].items() for each in methods.values()]


@pytest.mark.req("U37")
async def test_the_page_shows_all_operations_and_asks_nobody_else(product: Product, page: Page) -> None:
    await page.open(f"{product.origin}/docs")
    groups, shown = await page.run(SHOWN, opened=OPENED)
    described = operations(await product.ok("GET", "/openapi.json"))
    assert groups == sorted({group for group, _ in described})
    assert shown == sorted(path for group, path in described if group in OPENED)
    assert (page.hosts, page.errors) == ({urlsplit(product.origin).netloc}, [])
