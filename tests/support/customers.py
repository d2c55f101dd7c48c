"""Customers: they post orders from outside and keep the answers."""

import asyncio
import random
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import httpx

from deploy.demo.desk import DemoDesk
from deploy.standins.client import http_client
from deploy.standins.wazzup.accounts import DEMO_KEY
from tests.support.stack import ProcessStack

POOL_ROOM = 100_000


@dataclass
class Customers:
    """Posts landing orders; an order without an answer is posted again (P.2)."""

    client: httpx.AsyncClient
    desk: DemoDesk
    tag: str
    answers: dict[str, set[UUID]] = field(default_factory=dict)
    _count: int = 0

    async def post(self) -> None:
        """Post one new order until it is answered 202."""
        self._count += 1
        await self._post(f"{self.tag}-{self._count}")

    async def post_many(self, count: int, at_once: int = 8) -> None:
        """Post `count` orders, `at_once` of them at the same time."""
        await self._together([self.post() for _ in range(count)], at_once)

    async def post_again(self, at_once: int = 8) -> None:
        """Post every answered order once more: `answered_twice` returns those with another answer."""
        await self._together([self._post(external_id) for external_id in self.answers], at_once)

    async def _post(self, external_id: str) -> None:
        phone = f"+7900{random.Random(external_id).randrange(10**7):07d}"  # noqa: S311 - a made-up number
        order = {"external_id": external_id, "name": "Анна", "phone": phone, "product": "CR-1", "price": "1990"}
        answer = await self._until_answered(order)
        self.answers.setdefault(external_id, set()).add(UUID(answer["lead_id"]))

    async def _together(self, posts: Sequence[Coroutine[object, object, None]], at_once: int) -> None:
        gate = asyncio.Semaphore(at_once)

        async def one(post: Coroutine[object, object, None]) -> None:
            async with gate:
                await post

        await asyncio.gather(*map(one, posts))

    async def keep_posting(self, per_second: float, stop: asyncio.Event) -> None:
        """Post at a rate until `stop`; every order begun gets its answer."""
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                group.create_task(self.post())
                await asyncio.sleep(1 / per_second)

    def lead_ids(self) -> Sequence[UUID]:
        """Return the lead of each answered order."""
        return [lead for leads in self.answers.values() for lead in leads]

    def answered_twice(self) -> list[str]:
        """Return the orders that were answered with two different leads: must be empty."""
        return [external_id for external_id, leads in self.answers.items() if len(leads) > 1]

    async def _until_answered(self, order: dict[str, str]) -> dict[str, str]:
        async with asyncio.timeout(120):
            while True:
                try:
                    answer = await self.client.post(self._path, json=order, headers=self._token, timeout=10)
                except httpx.HTTPError:
                    await asyncio.sleep(0.1)
                    continue
                if answer.status_code == httpx.codes.ACCEPTED:
                    body: dict[str, str] = answer.json()
                    return body
                await asyncio.sleep(0.1)

    @property
    def _path(self) -> str:
        return self.desk.landing_url.removeprefix("http://stack")

    @property
    def _token(self) -> dict[str, str]:
        return {"X-Source-Token": self.desk.landing_token}


async def make_room(stack: ProcessStack) -> None:
    """Give every operator of the desk capacity for all the work of a test."""
    operators = (await stack.client.get("/assignment/v1/operators", headers=stack.token())).json()["items"]
    for operator in operators:
        headers = {**stack.token(), "If-Match": f'"{operator["version"]}"'}
        path = f"/assignment/v1/operators/{operator['id']}"
        (await stack.client.patch(path, json={"capacity": POOL_ROOM}, headers=headers)).raise_for_status()


async def write(stack: ProcessStack, phone: str, text: str, file: dict[str, str] | None = None) -> None:
    """Let a customer write on WhatsApp, or send a file, as the provider would tell us."""
    said = {"key": DEMO_KEY, "chat_id": phone.removeprefix("+"), "name": "Анна", "text": text, "file": file}
    async with http_client(base_url=f"http://127.0.0.1:{stack.ports['standins']}") as provider:
        assert (await provider.post("/wazzup/_inbound", json=said)).status_code == httpx.codes.ACCEPTED
