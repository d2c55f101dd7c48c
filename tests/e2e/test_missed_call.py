"""A missed call on its way through all services: a lead without an order gets its task and its operator."""

import asyncio

import httpx
import pytest

from tests.support.patience import PATIENCE
from tests.support.stack import ProcessStack

pytestmark = [pytest.mark.servers, pytest.mark.timeout(240)]

CALL = {
    "desk": "demo",
    "source": "landing",
    "kind": "missed",
    "at": "2026-03-02T09:00:00Z",
    "external_id": "call-1",
    "phone": "+79000000888",
}


async def assigned_task(stack: ProcessStack, lead_id: str) -> dict[str, object]:
    """Wait until the lead's task has its operator."""
    async with asyncio.timeout(PATIENCE):
        while True:
            answer = await stack.client.get("/tasks/v1/tasks", params={"lead_id": lead_id}, headers=stack.token())
            for task in answer.json()["items"]:
                if task["operator_id"] is not None:
                    return dict(task)
            await asyncio.sleep(0.1)


@pytest.mark.req("S2.10", "P.1", "P.3")
@pytest.mark.usefixtures("desk")
async def test_a_missed_call_of_a_stranger_is_given_to_an_operator(stack: ProcessStack) -> None:
    headers = stack.token("telephony", "service")
    recorded = await stack.client.post("/intake/v1/contacts", json=CALL, headers=headers)
    lead_id = recorded.json()["lead_id"]
    task = await assigned_task(stack, lead_id)
    told = await stack.client.get("/tasks/v1/timeline", params={"lead_id": lead_id}, headers=stack.token())
    kinds = [step["kind"] for step in told.json()["items"]]
    assert (recorded.status_code, task["order_number"]) == (httpx.codes.CREATED, None)
    assert kinds.index("dozvon.contact.recorded.v1") > kinds.index("dozvon.lead.received.v2") == 0
