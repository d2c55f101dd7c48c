"""A customer's answer on its way through all services: to the lead's timeline and to who works it."""

from collections.abc import Mapping
from typing import Any

import pytest

from deploy.demo.desk import DemoDesk
from tests.e2e.test_desk_day import until
from tests.support.customers import write
from tests.support.stack import ProcessStack

pytestmark = [pytest.mark.servers, pytest.mark.timeout(240)]

TIMELINE, RECEIVED = "/tasks/v1/timeline", "message_received"
DELIVERED, ASSIGNED = "dozvon.message.delivered.v1", "dozvon.task.assigned.v1"
Json = Any  # what an API answers
TEXT = "Когда позвоните?"


async def lead_of(stack: ProcessStack, desk: DemoDesk, external_id: str, phone: str) -> str:
    """Post an order as a landing page, and return its lead."""
    order = {"external_id": external_id, "name": "Анна", "phone": phone}
    headers = {"X-Source-Token": desk.landing_token}
    answer = await stack.client.post(desk.landing_url.removeprefix("http://stack"), json=order, headers=headers)
    return str(answer.json()["lead_id"])


async def listed(
    stack: ProcessStack, path: str, *kinds: str, headers: Mapping[str, str] | None = None, **query: str
) -> list[Json]:
    """Wait until a list has something, of all these kinds."""

    async def look() -> list[Json] | None:
        answer = await stack.client.get(path, params=query, headers=headers or stack.token())
        found: list[Json] = answer.json().get("items", [])
        return found if found and set(kinds) <= {one.get("kind") for one in found} else None

    return await until(look) or []


@pytest.mark.req("U16", "P.10")
async def test_an_answer_is_in_the_timeline_and_in_the_feed_of_who_works_the_lead(
    stack: ProcessStack, desk: DemoDesk
) -> None:
    phone = "+79005550142"
    lead_id = await lead_of(stack, desk, "answered", phone)
    steps = {step["kind"]: step for step in await listed(stack, TIMELINE, DELIVERED, ASSIGNED, lead_id=lead_id)}
    people = await listed(stack, "/assignment/v1/operators")
    operator = next(one for one in people if one["id"] == steps[ASSIGNED]["facts"]["operator_id"])
    feed, headers = "/notifications/v1/feed", stack.token(operator["subject"], "operator")
    await listed(stack, feed, "task_assigned", headers=headers)
    await write(stack, phone, TEXT)
    [received] = [
        one for one in await listed(stack, TIMELINE, RECEIVED, lead_id=lead_id) if one["kind"] == RECEIVED
    ]
    heard = await listed(stack, feed, RECEIVED, headers=headers)
    of_lead = [one for one in heard if (one["kind"], one["lead_id"]) == (RECEIVED, lead_id)]
    assert [(one["message_id"], one["text"], one["customer"]["phone"]) for one in of_lead] == [
        (received["facts"]["message_id"], TEXT, phone)
    ]


@pytest.mark.req("U16", "P.10")
async def test_a_stranger_who_writes_becomes_a_lead_with_a_task(stack: ProcessStack, desk: DemoDesk) -> None:
    phone = "+79005550143"
    await write(stack, phone, TEXT)
    [lead] = await listed(stack, "/intake/v1/leads", q=phone)
    steps = await listed(stack, TIMELINE, "dozvon.task.opened.v1", RECEIVED, lead_id=lead["id"])
    messages = await listed(stack, "/notifications/v1/received-messages", lead_id=lead["id"])
    assert (lead["source"], steps[0]["kind"]) == ("landing", "dozvon.lead.received.v2")
    assert [one["text"] for one in messages] == [TEXT]


@pytest.mark.req("S2.9", "P.10")
async def test_an_operator_s_answer_reaches_the_customer_and_ends_the_task(
    stack: ProcessStack, desk: DemoDesk
) -> None:
    phone = "+79005550145"
    lead_id = await lead_of(stack, desk, "replied", phone)
    await write(stack, phone, TEXT)
    [thread] = await listed(stack, "/notifications/v1/conversations", lead_id=lead_id, unanswered="true")
    [task] = await listed(stack, "/tasks/v1/tasks", lead_id=lead_id, type="answer")
    path = f"/notifications/v1/conversations/{thread['id']}/messages"
    made = await stack.client.post(path, json={"text": "Через десять минут"}, headers=stack.token())
    await listed(stack, "/tasks/v1/tasks", lead_id=lead_id, type="answer", state="completed")
    said = await listed(stack, path)
    assert (made.status_code, task["state"]) == (201, "active")
    assert {(one["by"], one["text"]) for one in said} >= {("customer", TEXT), ("person", "Через десять минут")}
