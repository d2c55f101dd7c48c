"""An operator's screen on an origin of its own: `CORS_ORIGINS` lets its page call the four APIs."""

from datetime import timedelta

import orjson
import pytest
import pytest_asyncio

from libs.common.platform.auth.jwt import SKEW
from libs.common.testkit.issuer import TokenIssuer
from tests.browser.devtools import Json
from tests.browser.line import line
from tests.browser.page import Page, ScriptError
from tests.browser.product import Product
from tests.browser.screen import SCREEN, Screen, Way
from tests.browser.site import Site
from tests.local.run import Run
from tests.support.streams import Frame, Stream, following

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300), pytest.mark.req("U2")]

SERVICES = ["tasks", "notifications"]
OUTCOME = {"outcome": "reached", "comment": "wants it tomorrow", "call_made": True}
ASSIGNED = "task_assigned"


@pytest_asyncio.fixture
async def screen(product: Product, site: Site, page: Page) -> Screen:
    """Maria's screen."""
    await page.open(site.put("/screen", SCREEN))
    opened = Screen(page, product.origin)
    await opened.log_in("maria")
    return opened


async def given(product: Product, screen: Screen) -> Json:
    """Let somebody order, and return maria's task of it as her page hears of it."""
    await screen.follow("notifications", Way.FETCH)
    customer = await product.order()
    (entry,) = [each for each in await screen.told(ASSIGNED, customer) if each["kind"] == ASSIGNED]
    task: Json = (await screen.call("GET", f"/tasks/v1/tasks/{entry['task_id']}"))["body"]
    return task


@pytest.mark.parametrize("host", ["localhost", "desk.example"])
async def test_an_operator_logs_in_comes_to_work_and_lists_tasks(
    product: Product, site: Site, page: Page, host: str
) -> None:
    await page.open(site.put("/screen", SCREEN, host))
    screen = Screen(page, product.origin)
    await screen.log_in("maria")
    came = await screen.call("POST", "/assignment/v1/check-in", body={})
    me = await screen.call("GET", "/assignment/v1/me")
    listed = await screen.call("GET", f"/tasks/v1/tasks?operator_id={me['body']['id']}&state=active&limit=1")
    assert [answer["status"] for answer in (came, me, listed)] == [200] * 3
    assert (me["body"]["name"], me["headers"]["etag"]) == ("Мария", f'"{me["body"]["version"]}"')
    assert page.errors == []


async def test_an_operator_takes_a_task_and_ends_it_once_however_often_it_is_sent(
    product: Product, screen: Screen
) -> None:
    path = f"/tasks/v1/tasks/{(await given(product, screen))['id']}"
    taken = await screen.call("POST", f"{path}/take")
    headers = {"If-Match": taken["headers"]["etag"], "Idempotency-Key": path}
    ended = [await screen.call("POST", f"{path}/outcome", headers=headers, body=OUTCOME) for _ in range(2)]
    assert [(answer["status"], answer["body"]["outcome"]) for answer in ended] == [(200, "reached")] * 2
    assert [answer["headers"].get("idempotency-replayed") for answer in ended] == [None, "true"]


@pytest.mark.req("U8")
async def test_a_page_reads_what_it_is_now_when_somebody_was_faster(product: Product, screen: Screen) -> None:
    task = await given(product, screen)
    path = f"/tasks/v1/tasks/{task['id']}"
    stale = {"If-Match": f'"{task["version"]}"', "Idempotency-Key": task["id"]}
    await screen.call("POST", f"{path}/take")
    refused = await screen.call("POST", f"{path}/outcome", headers=stale, body=OUTCOME)
    current = refused["body"]["current"]
    fresh = {**stale, "If-Match": f'"{current["version"]}"'}
    ended = await screen.call("POST", f"{path}/outcome", headers=fresh, body=OUTCOME)
    assert (refused["status"], refused["body"]["code"]) == (412, "stale_version")
    assert (current["operator_id"], ended["status"]) == (task["operator_id"], 200)


async def test_a_page_of_another_origin_calls_nothing(product: Product, site: Site, page: Page) -> None:
    await page.open(site.put("/screen", SCREEN, "shop.example"))
    with pytest.raises(ScriptError, match="Failed to fetch"):
        await Screen(page, product.origin, "a-token").call("GET", "/assignment/v1/me")


@pytest.mark.req("U14", "U15")
@pytest.mark.parametrize("way", Way, ids=lambda way: way.name)
@pytest.mark.parametrize("service", SERVICES)
async def test_a_page_hears_of_a_new_order(product: Product, screen: Screen, service: str, way: Way) -> None:
    await screen.follow(service, way)
    customer = await product.order()
    await screen.told(ASSIGNED, customer)  # or the test's time is over
    assert screen.page.errors == []


async def ordered(product: Product, unbroken: Stream) -> tuple[str, list[str]]:
    """Let somebody order; return their name, and the ids of what an unbroken stream tells of them until the task
    is assigned. What an earlier test did may still be told too."""
    customer = await product.order()
    frames: list[Frame] = []
    while not frames or frames[-1]["event"] != ASSIGNED:
        frames += [each for each in await unbroken.events(1) if name_of(each) == customer]
    return customer, [frame["id"] for frame in frames]


def name_of(frame: Frame) -> object:
    return (orjson.loads(frame["data"]).get("customer") or {}).get("name")


@pytest.mark.req("U15")
@pytest.mark.parametrize("service", SERVICES)
async def test_after_cuts_a_page_goes_on_without_gap_or_double(
    product: Product, screen: Screen, service: str
) -> None:
    customers: list[str] = []
    expected: list[str] = []
    unbroken = following(product.http, f"/{service}/v1/stream", screen.token)
    async with line(product.origin) as cable, unbroken as stream:
        screen.origin = cable.origin
        await screen.follow(service, Way.TICKET)
        for _ in range(3):
            for change in (cable.cut, cable.mend):
                await change()
                customer, ids = await ordered(product, stream)
                customers, expected = [*customers, customer], [*expected, *ids]
            told = await screen.told(ASSIGNED, *customers)
    assert [each["id"] for each in told] == expected


@pytest.mark.req("U15")
@pytest.mark.parametrize("way", Way, ids=lambda way: way.name)
@pytest.mark.parametrize("service", SERVICES)
async def test_a_stream_ends_with_its_token_and_the_page_hears_why(
    run: Run, screen: Screen, service: str, way: Way
) -> None:
    issuer, lifetime = TokenIssuer.in_folder(run.home / "keys"), timedelta(seconds=2 - SKEW)
    await screen.follow(service, way, issuer.token("maria", ["operator"], ["demo"], lifetime=lifetime))
    assert await screen.reason_of_the_end() == "token_expired"
