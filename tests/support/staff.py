"""Operators: they work tasks from outside and keep the answers."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import httpx

#: Ways to end a call of the demo desk's callback playbook: for good, again later, without success.
OUTCOMES: Mapping[str, Mapping[str, object]] = {
    "reached": {"call_made": True},
    "no_answer": {"call_made": True, "problem": "no_reply"},
    "refused": {"call_made": True, "problem": "other"},
}
PATIENCE = 120  # seconds; a key whose holder died is free again after 60


@dataclass
class Staff:
    """Operators who take and end tasks, check out and in; each call has one key until it is answered (P.2).

    `outcomes`: the comment of each outcome that the product says was carried out, by task.
    """

    client: httpx.AsyncClient
    tokens: Mapping[str, str]
    seed: int
    outcomes: dict[UUID, str] = field(default_factory=dict)

    async def work(self, stop: asyncio.Event) -> None:
        """Work until `stop`; every call begun gets its answer, and all operators are checked in at the end."""
        async with asyncio.TaskGroup() as group:
            for subject in self.tokens:
                group.create_task(self._shift(subject, stop))

    async def _shift(self, subject: str, stop: asyncio.Event) -> None:
        chance = random.Random(f"{self.seed} {subject}")  # noqa: S311 - repeatable
        while not stop.is_set():
            if chance.random() < 0.1:
                await self.call(subject, "/assignment/v1/check-out")
                await asyncio.sleep(chance.uniform(0.1, 1.0))
                await self.call(subject, "/assignment/v1/check-in")
            await self.work_one(subject, chance)
            await asyncio.sleep(chance.uniform(0.2, 0.8))

    async def work_one(self, subject: str, chance: random.Random) -> None:
        """Take one of the visible tasks and end it; another operator may be faster, or the task may change."""
        tasks = await self._visible(subject)
        if not tasks:
            return
        path = f"/tasks/v1/tasks/{chance.choice(tasks)}"
        taken = await self.call(subject, f"{path}/take")
        if not taken.is_success:
            return
        outcome, comment = chance.choice(sorted(OUTCOMES)), f"поговорили, {uuid4()}"
        body = {"outcome": outcome, "comment": comment, **OUTCOMES[outcome]}
        given = await self.call(subject, f"{path}/outcome", body, taken.json()["version"])
        if given.is_success or _code(given) == "answer_lost":
            self.outcomes[UUID(taken.json()["id"])] = comment

    async def call(
        self, subject: str, path: str, body: Mapping[str, object] | None = None, version: int | None = None
    ) -> httpx.Response:
        """Post under a new key, again and again, until the product has decided."""
        headers = {**self._auth(subject), "Idempotency-Key": str(uuid4())}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    answer = await self.client.post(path, json=body, headers=headers, timeout=10)
                except httpx.HTTPError:
                    await asyncio.sleep(0.2)
                    continue
                if _is_final(answer):
                    return answer
                await asyncio.sleep(0.2)

    async def _visible(self, subject: str) -> list[str]:
        path = "/tasks/v1/tasks?state=active&limit=20"
        try:
            answer = await self.client.get(path, headers=self._auth(subject), timeout=10)
        except httpx.HTTPError:
            return []
        return [task["id"] for task in answer.json()["items"]] if answer.is_success else []

    def _auth(self, subject: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[subject]}"}


def _is_final(answer: httpx.Response) -> bool:
    return not answer.is_server_error and _code(answer) not in {"too_many_requests", "request_in_progress"}


def _code(answer: httpx.Response) -> str:
    return str(answer.json()["code"]) if answer.is_client_error else ""
