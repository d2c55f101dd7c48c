"""What a desk sees: the corridor of a school order, its payment, signals, the feed, traces, silent logs."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import closing
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

import httpx
import pytest

from deploy.demo.desk import DemoDesk
from deploy.standins.client import http_client
from libs.common.testkit.otlp import TraceReceiver
from tests.support.browser import Browser, raw64
from tests.support.customers import Customers
from tests.support.settle import settle
from tests.support.stack import ProcessStack

pytestmark = [pytest.mark.servers, pytest.mark.timeout(120)]

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SECONDS = 40
T = TypeVar("T")

Entry = dict[str, object]


async def until(look: Callable[[], Awaitable[T]]) -> T:
    """Look again until there is something to see."""
    async with asyncio.timeout(SECONDS):
        while not (found := await look()):
            await asyncio.sleep(0.1)
        return found


async def timeline(stack: ProcessStack, source: str, external_id: str) -> list[Entry]:
    params = {"source": source, "external_id": external_id}
    answer = await stack.client.get("/tasks/v1/timeline", params=params, headers=stack.token())
    items: list[Entry] = answer.json().get("items", [])
    return items


async def step(stack: ProcessStack, source: str, external_id: str, kind: str) -> Entry:
    async def look() -> Entry | None:
        entries = await timeline(stack, source, external_id)
        return next((entry for entry in entries if entry["kind"] == f"dozvon.{kind}.v1"), None)

    found = await until(look)
    assert found is not None
    return found


async def school_order(stack: ProcessStack, desk: DemoDesk, deal: str, **fields: str) -> dict[str, str]:
    order = {"deal_id": deal, "number": deal, "status": "new", "cost_value": "12000", "first_name": "Борис"}
    order |= {"email": f"{deal}@example.com", "payment_link": "https://school.example/pay", **fields}
    path = desk.school_url.removeprefix("http://stack")
    answer = await stack.client.get(path, params={**order, "token": desk.school_token})
    assert answer.status_code == 202
    body: dict[str, str] = answer.json()
    return body


@pytest.mark.req("S4.4")
async def test_a_school_order_is_offered_when_its_corridor_opens(stack: ProcessStack, desk: DemoDesk) -> None:
    await school_order(stack, desk, "corridor", phone="+7 900 100-00-01")
    await step(stack, "school", "corridor", "task.opened")
    kinds = [entry["kind"] for entry in await timeline(stack, "school", "corridor")]
    assert "dozvon.work.requested.v1" not in kinds
    stack.clock.advance(timedelta(minutes=20))
    assert (await step(stack, "school", "corridor", "task.assigned"))["actor"] == "system"


@pytest.mark.req("S4.1")
async def test_a_payment_at_getcourse_closes_what_is_open(stack: ProcessStack, desk: DemoDesk) -> None:
    await school_order(stack, desk, "payment", phone="+7 900 100-00-02")
    await step(stack, "school", "payment", "task.opened")
    await school_order(stack, desk, "payment", phone="+7 900 100-00-02", status="Завершен", payed_money="12000")
    closed = await step(stack, "school", "payment", "task.completed")
    assert closed["actor"] == "system"


@pytest.mark.req("S4.2")
async def test_the_later_of_two_unpaid_orders_becomes_false_with_no_manager(
    stack: ProcessStack, desk: DemoDesk
) -> None:
    for deal in ("first", "second"):
        await school_order(stack, desk, deal, phone="+7 900 100-00-03", email="two@example.com")
    changed = await step(stack, "school", "second", "lead.status_changed")
    kinds = [entry["kind"] for entry in await timeline(stack, "school", "second")]
    assert '"false"' in json.dumps(changed["facts"])
    assert "dozvon.task.opened.v1" not in kinds


@pytest.mark.req("S0.7")
async def test_a_test_number_requests_no_work_and_no_message(stack: ProcessStack, desk: DemoDesk) -> None:
    answer = await school_order(stack, desk, "trial", phone="+972 50 123 45 67")
    await step(stack, "school", "trial", "task.failed")
    kinds = {entry["kind"] for entry in await timeline(stack, "school", "trial")}
    assert answer["disposition"] == "test"
    assert kinds.isdisjoint({"dozvon.work.requested.v1", "dozvon.message.requested.v1"})


async def feed(stack: ProcessStack, subject: str, after: str = "0") -> AsyncIterator[tuple[str, Entry]]:
    headers = {**stack.token(subject, "operator"), "Last-Event-ID": after}
    async with stack.client.stream("GET", "/notifications/v1/stream", headers=headers, timeout=SECONDS) as answer:
        position = ""
        async for line in answer.aiter_lines():
            if line.startswith("id:"):
                position = line.removeprefix("id:").strip()
            if line.startswith("data:") and position:
                yield position, json.loads(line.removeprefix("data:"))


async def tasks_of(stack: ProcessStack, leads: Sequence[UUID]) -> list[str]:
    """Return the tasks of these leads that have come into Maria's feed."""
    answer = await stack.client.get("/notifications/v1/feed", headers=stack.token("maria", "operator"))
    items = [item for item in answer.json()["items"] if item["kind"] == "task_assigned"]
    return sorted(item["task_id"] for item in items if UUID(item["lead_id"]) in leads)


@pytest.mark.req("S0.3", "P.5")
async def test_the_feed_resumes_where_it_broke_off(stack: ProcessStack, customers: Customers) -> None:
    await customers.post_many(6)
    first, second = [], []
    async for position, _ in feed(stack, "maria"):
        first.append(int(position))
        if len(first) == 2:
            break
    async for position, _ in feed(stack, "maria", after=str(first[0])):
        second.append(int(position))
        break
    assert second == [first[1]]


@pytest.mark.req("S0.3")
async def test_each_new_lead_is_in_its_operator_s_feed_and_on_their_phone_once(
    stack: ProcessStack, customers: Customers
) -> None:
    service = f"http://127.0.0.1:{stack.ports['standins']}/web_push"
    phone, path = Browser(f"{service}/send/maria"), "/notifications/v1/push-subscriptions"
    async with http_client() as client:
        (await client.post(f"{service}/_control", json={"profile": "kind"})).raise_for_status()
        maria = stack.token("maria", "operator")
        (await stack.client.put(path, json=phone.subscription, headers=maria)).raise_for_status()
        await customers.post_many(6)
        await settle(stack)
        bodies = [item["text"] for item in (await client.get(f"{service}/_journal")).json()["items"]]
    got = await tasks_of(stack, customers.lead_ids())
    pushed = [json.loads(phone.decrypt(raw64(body)))["task_id"] for body in bodies]
    # Leads of other tests may still come to Maria meanwhile: theirs are pushed beside ours.
    assert (sorted(task for task in pushed if task in got), len(got) > 0) == (got, True)


@pytest.mark.req("U14")
async def test_an_operator_s_feed_says_that_a_supervisor_closed_the_task_that_they_had_taken(
    stack: ProcessStack, customers: Customers
) -> None:
    await customers.post_many(3)
    maria, chief = stack.token("maria", "operator"), stack.token("chief", "supervisor")
    async for position, entry in feed(stack, "maria"):
        path = f"/tasks/v1/tasks/{entry['task_id']}"
        seen = await stack.client.get(path, headers=chief)
        of_ours = seen.json()["type"] == "call_back"  # the school's tasks have other outcomes
        if of_ours and (await stack.client.post(f"{path}/take", headers=maria)).status_code == 200:
            taken_at = position
            break
    task = await stack.client.get(path, headers=chief)
    outcome = {"outcome": "reached", "comment": "позвонила сама", "call_made": True}
    given = {**chief, "If-Match": task.headers["etag"]}
    answer = await stack.client.post(f"{path}/outcome", json=outcome, headers=given)
    assert answer.is_success, (answer.text, task.text)
    async for _, said in feed(stack, "maria", after=taken_at):
        if (said["kind"], said["task_id"]) == ("task_closed", entry["task_id"]):
            break
    assert said["title"] == task.json()["title"]


async def test_one_trace_goes_from_the_webhook_to_the_provider(
    stack: ProcessStack, desk: DemoDesk, traces: TraceReceiver
) -> None:
    order = {"external_id": "traced", "name": "Анна", "phone": "+79001000009"}
    headers = {"X-Source-Token": desk.landing_token, "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    await stack.client.post(desk.landing_url.removeprefix("http://stack"), json=order, headers=headers)
    await step(stack, "landing", "traced", "message.delivered")

    async def services() -> bool:
        wanted = {"intake", "tasks", "assignment", "notifications"}
        return wanted <= {span.service for span in traces.of_trace(TRACE)}

    assert await until(services)
    with closing(stack.journal()) as journal:
        sent = [entry.traceparent or "" for entry in journal.entries.values()]
    assert [TRACE for traceparent in sent if TRACE in traceparent] == [TRACE]


@pytest.mark.req("P.7")
async def test_no_log_of_any_process_holds_personal_data(stack: ProcessStack, customers: Customers) -> None:
    await customers.post()
    canaries = ["79001000009", "9001000009", "Анна", "Борис", "two@example.com", customers.desk.landing_token]
    logs = {path.name: path.read_text() for path in (stack.home / "logs").glob("*.log")}
    found = [(name, canary) for name, text in logs.items() for canary in canaries if canary in text]
    assert len(logs) == 9
    assert found == []


async def test_an_unknown_path_is_a_problem_of_the_service_asked(stack: ProcessStack, desk: DemoDesk) -> None:
    answer = await stack.client.get("/tasks/v1/nothing", headers=stack.token())
    assert answer.status_code == httpx.codes.NOT_FOUND
    assert answer.headers["content-type"].startswith("application/problem+json")
