"""Who acts on the product from outside, before the upgrade and after it: the administrator, operators, sources."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from tests.support.stack import ProcessStack

Json = dict[str, Any]  # what is read out of an answer is the reader's own business

DESK = "demo"
ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a landing page posts to, and its token: shown once, when it was made."""

    hook: str
    token: str


@dataclass
class People:
    """Calls the APIs in somebody's name. `outcomes`: the comment that each task was ended with."""

    stack: ProcessStack
    sources: Mapping[str, Source] = field(default_factory=dict)
    outcomes: dict[UUID, str] = field(default_factory=dict)
    _subjects: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str, **params: str | int) -> Json:
        """Read as the administrator."""
        return _read(await self.stack.client.get(path, params=params, headers=self._token(ADMIN)))

    async def items(self, path: str, **params: str | int) -> list[Json]:
        """Return a list's first 200 items."""
        found: list[Json] = (await self.get(path, limit=200, **params))["items"]
        return found

    async def post(self, path: str, body: object = None, sub: str = ADMIN, **headers: str) -> Json:
        """Act as somebody."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return _read(await self.stack.client.post(path, json=body, headers={**self._token(sub), **named}))

    async def post_yaml(self, path: str, text: bytes) -> Json:
        """Give a playbook as the administrator."""
        headers = {**self._token(ADMIN), "Content-Type": "application/yaml"}
        return _read(await self.stack.client.post(path, content=text, headers=headers))

    async def patch(self, path: str, body: object) -> Json:
        """Change the present version of a thing as the administrator."""
        version = (await self.get(path))["version"]
        headers = {**self._token(ADMIN), "If-Match": f'"{version}"'}
        return _read(await self.stack.client.patch(path, json=body, headers=headers))

    async def order(self, source: str, body: Mapping[str, str]) -> Json:
        """Deliver an order by a source's hook: GetCourse calls with a query, a landing page posts."""
        place = self.sources[source]
        if source == "school":
            query = {**body, "token": place.token}
            return _read(await self.stack.client.get(place.hook, params=query))
        headers = {"X-Source-Token": place.token}
        return _read(await self.stack.client.post(place.hook, json=body, headers=headers))

    async def operator(self, subject: str) -> str:
        """Return the id of an operator."""
        return next(found for found, sub in (await self._known()).items() if sub == subject)

    async def task(self, lead_id: str) -> Json | None:
        """Return a lead's open task, or None."""
        found = await self.items("/tasks/v1/tasks", lead_id=lead_id, state="active")
        return found[0] if found else None

    async def take(self, task: Json, **headers: str) -> Json:
        """Let the task's operator begin it."""
        sub = (await self._known())[task["operator_id"]]
        return await self.post(f"/tasks/v1/tasks/{task['id']}/take", sub=sub, **headers)

    async def is_replayed(self, task: Json, key: str) -> bool:
        """Let the task's operator begin it under a key, and tell whether an earlier answer came back."""
        sub = (await self._known())[task["operator_id"]]
        headers = {**self._token(sub), "Idempotency-Key": key}
        answer = await self.stack.client.post(f"/tasks/v1/tasks/{task['id']}/take", headers=headers)
        same: bool = _read(answer)["id"] == task["id"]
        return same and answer.headers.get("Idempotency-Replayed") == "true"

    async def end(self, task: Json, outcome: str, **said: object) -> None:
        """Let the task's operator end it in words."""
        sub = (await self._known())[task["operator_id"]]
        comment = f"{outcome}: {task['order_number']}"
        body = {"outcome": outcome, "comment": comment, "call_made": True, **said}
        await self.post(f"/tasks/v1/tasks/{task['id']}/outcome", body, sub, If_Match=f'"{task["version"]}"')
        self.outcomes[UUID(task["id"])] = comment

    async def _known(self) -> dict[str, str]:
        """Return whose tokens are whose, by operator id, asked for once: nobody joins or leaves."""
        if not self._subjects:
            self._subjects = {item["id"]: item["subject"] for item in await self.items("/assignment/v1/operators")}
        return self._subjects

    def _token(self, sub: str) -> dict[str, str]:
        return self.stack.token(sub, "admin" if sub == ADMIN else "operator")


def _read(answer: httpx.Response) -> Json:
    assert answer.is_success, f"{answer.request.method} {answer.request.url.path}: {answer.text[:500]}"
    body: Json = answer.json()
    return body
