"""A browser, a site that is not ours, and a stack of `make run` that its pages may call."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.browser.chrome import Chrome, chrome
from tests.browser.page import Page
from tests.browser.product import Product, product_of
from tests.browser.site import Site
from tests.browser.site import site as served
from tests.local.run import Run


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """A web site on another origin than the product."""
    with served() as made:
        yield made


@pytest.fixture(scope="session")
def run(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A stack that lets the site's pages at `localhost` and `desk.example` call its APIs."""
    screens = ",".join([site.origin(), site.origin("desk.example")])
    stack = Run(tmp_path_factory.mktemp("browser") / "home", {"CORS_ORIGINS": screens})
    stack.start()
    yield stack
    stack.end()


@pytest_asyncio.fixture(scope="session")
async def product(run: Run) -> AsyncIterator[Product]:
    async with product_of(run) as found:
        yield found


@pytest_asyncio.fixture(scope="session")
async def browser(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Chrome]:
    async with chrome(request.config.getoption("browser"), tmp_path_factory.mktemp("chrome")) as running:
        yield running


@pytest_asyncio.fixture
async def page(browser: Chrome) -> AsyncIterator[Page]:
    """An empty page of a visitor who was never here."""
    async with browser.page() as opened:
        yield opened
