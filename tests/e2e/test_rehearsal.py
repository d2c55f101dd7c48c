"""A source is rehearsed, then its order comes: what was said of it is what becomes of it."""

import re
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import httpx
import pytest

from deploy.demo.desk import DemoDesk
from libs.common.rehearsal.asking import NoSourceError, Sample, rehearse
from libs.common.rehearsal.command import FORM
from libs.common.rehearsal.rules import faults_of, lines_of
from tests.e2e.test_third_playbook import Json, until
from tests.support.stack import ProcessStack

pytestmark = [pytest.mark.servers, pytest.mark.timeout(180)]

ORDER = {"external_id": "rehearsed", "name": "Анна", "phone": "8 900 555-00-77", "product": "CR-1", "price": "1990"}
FORM_OF_IT = Sample(urlencode(ORDER).encode(), FORM)


@pytest.fixture
async def admin(stack: ProcessStack, desk: DemoDesk) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {stack.issuer.token('admin', ['admin'], ['*'])}", "Accept-Language": "en"}
    async with httpx.AsyncClient(transport=stack.transport, base_url="http://stack", headers=headers) as client:
        yield client


async def first(admin: httpx.AsyncClient, path: str, lead_id: str) -> Json:
    """Wait for the first item of a list about a lead."""

    async def look() -> Json | None:
        items: list[Json] = (await admin.get(path, params={"lead_id": lead_id})).json()["items"]
        return items[0] if items else None

    return await until(look)


def without_numbers(text: str | None) -> str:
    return re.sub(r"\d+", "#", text or "")


@pytest.mark.req("U4", "U7")
async def test_what_is_rehearsed_is_what_becomes_of_the_order(
    admin: httpx.AsyncClient, stack: ProcessStack, desk: DemoDesk
) -> None:
    found = await rehearse(admin, "demo", "landing", FORM_OF_IT)
    assert (list(faults_of(found)), found.tried.disposition) == ([], "accepted")
    headers = {"X-Source-Token": desk.landing_token, "Content-Type": FORM}
    hook = desk.landing_url.removeprefix("http://stack")
    lead_id = (await stack.client.post(hook, content=FORM_OF_IT.body, headers=headers)).json()["lead_id"]
    task, decision, message = [
        await first(admin, path, lead_id)
        for path in ("/tasks/v1/tasks", "/assignment/v1/decisions", "/notifications/v1/messages")
    ]
    [said], [decided], [process] = found.said, found.decided, found.worked.processes if found.worked else []
    assert [task["title"], task["pool"]] == [process.tasks[0].title, process.tasks[0].pool]
    assert decision["operator_name"] == decided.operator_name
    assert without_numbers(message["text"]) == without_numbers(said.rungs[0].text)


async def test_the_lines_go_from_the_request_to_the_message(admin: httpx.AsyncClient) -> None:
    lines = list(lines_of(await rehearse(admin, "demo", "landing", Sample())))
    heads = [line.partition(":")[0] for line in lines if not line.startswith(" ")]
    assert list(dict.fromkeys(heads)) == ["intake", "tasks", "assignment", "notifications"]


async def test_an_unknown_source_names_those_there_are(admin: httpx.AsyncClient) -> None:
    with pytest.raises(NoSourceError, match="landing"):
        await rehearse(admin, "demo", "landin", Sample())
