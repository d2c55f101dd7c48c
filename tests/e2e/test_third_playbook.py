"""A desk that no line of code knows, made of a file: its lead runs through all services (P.4)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from deploy.demo.desk import put_to_work
from libs.common.deskfile.reading import read
from tests.support.checks import violations
from tests.support.facts import Answered
from tests.support.patience import PATIENCE
from tests.support.settle import facts_of
from tests.support.stack import ProcessStack

pytestmark = [pytest.mark.servers, pytest.mark.timeout(120)]

FILE = Path(__file__).with_name("workshop.yaml")
ACCOUNT = {"WAZZUP_KEY": "key-of-the-workshop", "WAZZUP_CHANNEL": "channel-of-the-workshop"}
Json = dict[str, Any]  # what a test reads out of an answer is the test's own business


class Caller:
    """Calls the APIs with the token of one person of the workshop."""

    def __init__(self, stack: ProcessStack, sub: str = "admin", role: str = "admin") -> None:
        token = stack.issuer.token(sub, [role], ["workshop"])
        self._client, self._token = stack.client, {"Authorization": f"Bearer {token}"}

    async def get(self, path: str, **params: str) -> Json:
        return self._read(await self._client.get(path, params=params, headers=self._token))

    async def post(self, path: str, body: object = None, version: int | None = None) -> Json:
        headers = self._token | ({} if version is None else {"If-Match": f'"{version}"'})
        return self._read(await self._client.post(path, json=body, headers=headers))

    def _read(self, answer: httpx.Response) -> Json:
        assert answer.is_success, answer.text
        body: Json = answer.json()
        return body


async def set_up_desk(stack: ProcessStack, admin: httpx.AsyncClient) -> tuple[str, dict[str, str]]:
    """Make the desk of the file, with a WhatsApp of its own; return the webhook of its source and its proof."""
    await stack.open_account(*ACCOUNT.values())
    outcome = await put_to_work(admin, read(FILE, ACCOUNT))
    token = outcome.said("intake", "secrets")["site"]
    return str(outcome.said("intake", "hooks")["site"]), {"X-Source-Token": str(token)}


async def until(look: Callable[[], Awaitable[Json | None]]) -> Json:
    """Poll until there is a result."""
    async with asyncio.timeout(PATIENCE):
        while not (found := await look()):
            await asyncio.sleep(0.1)
        return found


async def open_task(nora: Caller, lead_id: str, kind: str, held: bool) -> Json:
    """Wait for the lead's open task of a type, as its mechanic sees it."""

    async def look() -> Json | None:
        seen = await nora.get("/tasks/v1/tasks", lead_id=lead_id, state="active", type=kind)
        return next((task for task in seen["items"] if (task["operator_id"] is not None) == held), None)

    return await until(look)


async def messages_requested(admin: Caller, lead_id: str, count: int) -> Json:
    """Wait until so many messages to the lead are asked for."""

    async def look() -> Json | None:
        messages = await admin.get("/notifications/v1/messages", lead_id=lead_id)
        return messages if len(messages["items"]) == count else None

    return await until(look)


async def end(nora: Caller, task: Json, outcome: str) -> None:
    """Take a task and end it."""
    path = f"/tasks/v1/tasks/{task['id']}"
    taken = await nora.post(f"{path}/take")
    await nora.post(f"{path}/outcome", {"outcome": outcome, "comment": "поговорили"}, taken["version"])


@pytest.mark.req("P.4")
async def test_a_lead_of_a_third_playbook_runs_through_all_services(
    stack: ProcessStack, admin: httpx.AsyncClient
) -> None:
    webhook, proof = await set_up_desk(stack, admin)
    boss, nora = Caller(stack), Caller(stack, "nora", "operator")
    order = {"external_id": "bike-1", "name": "Глеб", "phone": "+79000000311"}
    posted = await stack.client.post(webhook, json=order, headers=proof)
    lead_id: str = posted.json()["lead_id"]
    await end(nora, await open_task(nora, lead_id, "inspect", held=False), "repair_agreed")
    stack.clock.advance(timedelta(minutes=50))
    await messages_requested(boss, lead_id, 2)  # a lead that ends first needs no message any more
    await end(nora, await open_task(nora, lead_id, "hand_over", held=True), "rides")
    facts = await facts_of(stack, Answered([UUID(lead_id)]))
    lead = await boss.get(f"/intake/v1/leads/{lead_id}")
    states = [message.state for message in facts.messages if message.lead_id == UUID(lead_id)]
    assert violations(facts) == []
    assert (lead["stage"], UUID(lead_id) in facts.live, len(states), {*states} - {"delivered", "read"}) == (
        "won", False, 2, set(),
    )  # fmt: skip
