"""What a drive does to the product from outside: posts orders, keeps a client's journal, waits for the end."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg
import httpx

from deploy.demo.desk import DemoDesk
from libs.common.events import OWNERS
from tests.harness.facts import Facts, backlog, gather
from tests.harness.stack import ProcessStack

POOL_ROOM = 100_000
SETTLE_SECONDS = 90
OPEN_MESSAGES = "SELECT count(*) FROM notifications.message WHERE state IN ('pending', 'accepted', 'sent')"
LOOSE = """
SELECT (SELECT count(*) FROM intake.lead) - (SELECT count(*) FROM tasks.process)
     + (SELECT count(*) FROM tasks.task t LEFT JOIN assignment.work w ON w.task_id = t.id
        WHERE t.state = 'active' AND t.offered_at IS NOT NULL AND t.operator_id IS NULL
          AND w.state IS DISTINCT FROM 'waiting')
"""


@dataclass
class Customers:
    """Posts landing orders and never gives up on one: no answer means the same order again (P.2)."""

    client: httpx.AsyncClient
    desk: DemoDesk
    tag: str
    answers: dict[str, set[UUID]] = field(default_factory=dict)
    _count: int = 0

    async def post(self) -> None:
        """Post one new order until it is answered 202."""
        self._count += 1
        external_id = f"{self.tag}-{self._count}"
        phone = f"+7900{random.Random(external_id).randrange(10**7):07d}"  # noqa: S311 - a made-up number
        order = {"external_id": external_id, "name": "Анна", "phone": phone, "product": "CR-1", "price": "1990"}
        answer = await self._until_answered(order)
        self.answers.setdefault(external_id, set()).add(UUID(answer["lead_id"]))

    async def post_many(self, count: int, at_once: int = 8) -> None:
        """Post `count` orders, `at_once` of them at the same time."""
        gate = asyncio.Semaphore(at_once)

        async def one() -> None:
            async with gate:
                await self.post()

        await asyncio.gather(*(one() for _ in range(count)))

    async def keep_posting(self, per_second: float, stop: asyncio.Event) -> None:
        """Post at a rate until told to stop; every order begun is brought to its answer."""
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                group.create_task(self.post())
                await asyncio.sleep(1 / per_second)

    def lead_ids(self) -> Sequence[UUID]:
        """Return the lead of each answered order."""
        return [lead for leads in self.answers.values() for lead in leads]

    def answered_twice(self) -> list[str]:
        """Return the orders that were given two different leads: must be empty."""
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
    """Give every operator of the desk room for all the work of a drive."""
    operators = (await stack.client.get("/assignment/v1/operators", headers=stack.token())).json()["items"]
    for operator in operators:
        headers = {**stack.token(), "If-Match": f'"{operator["version"]}"'}
        path = f"/assignment/v1/operators/{operator['id']}"
        (await stack.client.patch(path, json={"capacity": POOL_ROOM}, headers=headers)).raise_for_status()


async def settle(stack: ProcessStack) -> None:
    """Wait until nothing moves any more. Raises TimeoutError, with what is left, after 90 s."""
    left: object = None
    try:
        async with asyncio.timeout(SETTLE_SECONDS):
            while left := await _moving(stack.database.admin_url):
                await asyncio.sleep(0.5)
    except TimeoutError:
        why = await _parked(stack.database.admin_url)
        raise TimeoutError(f"not settled after {SETTLE_SECONDS} s: {left}; {stack.said}; {why}") from None


async def facts_of(stack: ProcessStack, answered: Sequence[UUID]) -> Facts:
    """Settle, then gather."""
    await settle(stack)
    topics = (stack.bootstrap, stack.prefix, stack.partitions)
    with closing(stack.journal()) as journal:
        return await gather(stack.database.admin_url, topics, journal, answered)


async def _parked(admin_url: str) -> list[str]:
    """Return what the parked events failed with."""
    conn = await asyncpg.connect(admin_url)
    try:
        found = [await conn.fetch(f"SELECT type, error FROM {owner}.parked LIMIT 3") for owner in OWNERS]
    finally:
        await conn.close()
    return [f"{row['type']}: {row['error']}" for rows in found for row in rows]


async def _moving(admin_url: str) -> dict[str, int]:
    try:
        conn = await asyncpg.connect(admin_url)
    except (OSError, asyncpg.PostgresError):
        return {"a server that is not back yet": 1}
    try:
        left = await backlog(conn)
        left["messages under way"] = await conn.fetchval(OPEN_MESSAGES)
        left["loose ends"] = await conn.fetchval(LOOSE)
    finally:
        await conn.close()
    return {name: count for name, count in left.items() if count}
