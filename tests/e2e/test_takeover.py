"""Somebody goes home: their calls are a colleague's at once, across all services."""

import asyncio
from collections.abc import Callable

import pytest

from tests.support.checks import violations
from tests.support.customers import Customers
from tests.support.facts import Answered
from tests.support.patience import PATIENCE
from tests.support.settle import facts_of
from tests.support.stack import ProcessStack

pytestmark = [pytest.mark.servers, pytest.mark.timeout(120)]


async def operator_of(stack: ProcessStack, lead_id: object, wanted: Callable[[str], bool]) -> str:
    """Look again until the lead's open task has an operator as wanted; return their id."""
    query = {"lead_id": str(lead_id), "state": "active"}
    async with asyncio.timeout(PATIENCE):
        while True:
            answer = await stack.client.get("/tasks/v1/tasks", params=query, headers=stack.token())
            for task in answer.json()["items"]:
                if task["operator_id"] and wanted(task["operator_id"]):
                    return str(task["operator_id"])
            await asyncio.sleep(0.1)


async def move(stack: ProcessStack, command: str, operator_id: str) -> None:
    body = {"operator_id": operator_id}
    answer = await stack.client.post(f"/assignment/v1/{command}", json=body, headers=stack.token())
    assert answer.is_success, answer.text


@pytest.mark.req("S2.2")
@pytest.mark.req("U1")
async def test_the_call_of_who_goes_home_is_a_colleague_s(stack: ProcessStack, customers: Customers) -> None:
    await customers.post()
    (lead_id,) = customers.lead_ids()
    first = await operator_of(stack, lead_id, bool)
    await move(stack, "check-out", first)
    second = await operator_of(stack, lead_id, lambda found: found != first)
    await move(stack, "check-in", first)
    facts = await facts_of(stack, Answered(customers.lead_ids()))
    assert (second != first, violations(facts)) == (True, [])
