"""A desk that no line of code knows, made through the APIs alone: its lead runs through all services (P.4)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from deploy.demo.desk import DemoDesk
from tests.support.checks import violations
from tests.support.facts import Answered
from tests.support.patience import PATIENCE
from tests.support.settle import facts_of
from tests.support.stack import ProcessStack

pytestmark = [pytest.mark.servers, pytest.mark.timeout(120)]

PLAYBOOK = Path(__file__).with_name("third_playbook.yaml").read_bytes()
TEMPLATES = {
    "workshop_welcome": {"ru": "{name}, ждём велосипед, заказ {order_number}", "en": "{name}, bring your bicycle"},
    "workshop_ready": {"ru": "{name}, велосипед готов: {operator_name}", "en": "{name}, your bicycle is ready"},
}
Json = dict[str, Any]  # what a test reads out of an answer is the test's own business


class Caller:
    """Calls the APIs with the token of one person."""

    def __init__(self, stack: ProcessStack, sub: str = "admin", role: str = "admin") -> None:
        self._client, self._token = stack.client, stack.token(sub, role)

    async def get(self, path: str, **params: str) -> Json:
        return self._read(await self._client.get(path, params=params, headers=self._token))

    async def post(self, path: str, body: object = None, version: int | None = None) -> Json:
        headers = self._token | ({} if version is None else {"If-Match": f'"{version}"'})
        return self._read(await self._client.post(path, json=body, headers=headers))

    async def post_yaml(self, path: str, body: bytes) -> Json:
        headers = {**self._token, "Content-Type": "application/yaml"}
        return self._read(await self._client.post(path, content=body, headers=headers))

    def _read(self, answer: httpx.Response) -> Json:
        assert answer.is_success, answer.text
        body: Json = answer.json()
        return body


async def set_up_desk(admin: Caller) -> Json:
    """Make the playbook, its templates, its mechanic and a source bound to it; return the source."""
    made = await admin.post_yaml("/tasks/v1/playbooks", PLAYBOOK)
    await admin.post("/tasks/v1/playbooks/workshop/activate", {"desk": "demo", "version": made["version"]})
    for code, bodies in TEMPLATES.items():
        made = await admin.post("/notifications/v1/templates", {"desk": "demo", "code": code, "bodies": bodies})
        await admin.post(f"/notifications/v1/templates/{code}/versions/{made['version']}/approve?desk=demo")
    pool = {"desk": "demo", "code": "workshop", "title": {"ru": "Мастерская", "en": "Workshop"}, "role": "mechanic"}
    await admin.post("/assignment/v1/pools", pool)
    mechanic = {"desk": "demo", "subject": "vera", "name": "Вера", "roles": ["mechanic"]}
    vera = await admin.post("/assignment/v1/operators", {**mechanic, "pools": [{"code": "workshop"}]})
    await admin.post("/assignment/v1/check-in", {"operator_id": vera["id"]})
    source = {"desk": "demo", "code": "bikes", "format": "landing", "playbook": "workshop", "zone": "Europe/Moscow"}
    return await admin.post("/intake/v1/sources", source)


async def until(look: Callable[[], Awaitable[Json | None]]) -> Json:
    """Poll until there is a result."""
    async with asyncio.timeout(PATIENCE):
        while not (found := await look()):
            await asyncio.sleep(0.1)
        return found


async def open_task(vera: Caller, lead_id: str, kind: str, held: bool) -> Json:
    """Wait for the lead's open task of a type, as its mechanic sees it."""

    async def look() -> Json | None:
        seen = await vera.get("/tasks/v1/tasks", lead_id=lead_id, state="active", type=kind)
        return next((task for task in seen["items"] if (task["operator_id"] is not None) == held), None)

    return await until(look)


async def messages_requested(admin: Caller, lead_id: str, count: int) -> Json:
    """Wait until so many messages to the lead are asked for."""

    async def look() -> Json | None:
        messages = await admin.get("/notifications/v1/messages", lead_id=lead_id)
        return messages if len(messages["items"]) == count else None

    return await until(look)


async def end(vera: Caller, task: Json, outcome: str) -> None:
    """Take a task and end it."""
    path = f"/tasks/v1/tasks/{task['id']}"
    taken = await vera.post(f"{path}/take")
    await vera.post(f"{path}/outcome", {"outcome": outcome, "comment": "поговорили"}, taken["version"])


@pytest.mark.req("P.4")
async def test_a_lead_of_a_third_playbook_runs_through_all_services(stack: ProcessStack, desk: DemoDesk) -> None:
    admin, vera = Caller(stack), Caller(stack, "vera", "operator")
    source = await set_up_desk(admin)
    order = {"external_id": "bike-1", "name": "Глеб", "phone": "+79000000311"}
    posted = await stack.client.post(source["hook"], json=order, headers={"X-Source-Token": source["secret"]})
    lead_id: str = posted.json()["lead_id"]
    await end(vera, await open_task(vera, lead_id, "inspect", held=False), "repair_agreed")
    stack.clock.advance(timedelta(minutes=50))
    await messages_requested(admin, lead_id, 2)  # a lead that ends first needs no message any more
    await end(vera, await open_task(vera, lead_id, "hand_over", held=True), "rides")
    facts = await facts_of(stack, Answered([UUID(lead_id)]))
    lead = await admin.get(f"/intake/v1/leads/{lead_id}")
    states = [message.state for message in facts.messages if message.lead_id == UUID(lead_id)]
    assert violations(facts) == []
    assert (lead["stage"], UUID(lead_id) in facts.live, len(states), {*states} - {"delivered", "read"}) == (
        "won", False, 2, set(),
    )  # fmt: skip
