"""A desk's day under kills: `python -m tests.chaos day school`. The same books as without (deploy/demo/day)."""

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx

from deploy.demo.day.balance import Day, faults
from deploy.demo.day.ground import REST, asked
from deploy.demo.day.school import played
from deploy.demo.desk import SCHOOL
from deploy.local.process import EmbeddedServer
from tests.chaos.run import PROCESSES, ChaosRun, chaos_run
from tests.support.checks import violations
from tests.support.facts import Answered
from tests.support.settle import facts_of, settle
from tests.support.stack import ProcessStack


@dataclass
class StackGround:
    """A stack of eight processes as the day's players meet it."""

    stack: ProcessStack

    @property
    def client(self) -> httpx.AsyncClient:
        """The client of all services."""
        return self.stack.client

    async def now(self) -> datetime:
        """Return business time."""
        return self.stack.clock.now()

    async def advance(self, by: timedelta) -> None:
        """Move business time."""
        self.stack.clock.advance(by)

    async def token(self, sub: str, role: str, desk: str) -> str:
        """Return a bearer token."""
        return self.stack.issuer.token(sub, [role], [desk], lifetime=timedelta(days=1))

    async def rest(self) -> None:
        """Wait until nothing is under way. Raises TimeoutError."""
        await settle(self.stack, REST)

    async def standin(self, path: str, body: Mapping[str, object] | None = None) -> httpx.Response:
        """Ask a stand-in of a provider: POST with a body, GET without."""
        return await asked(self.stack.standins, "POST" if body else "GET", path, body)


@dataclass
class Kills:
    """Kills all that runs, once an hour; `count` of them until now. `say` shows progress to a person."""

    run: ChaosRun
    say: Callable[[str], None]
    count: int = 0

    async def __call__(self, hour: int) -> None:
        """Kill the processes at moments of their own, then a server, each hour the other first."""
        stack, began = self.run.stack, time.monotonic()
        for name in self.run.chance.sample(PROCESSES, len(PROCESSES)):
            stack.kill(name)
            await asyncio.sleep(self.run.chance.uniform(0.0, 0.2))
        servers = [self.run.postgres, self.run.kafka]
        for server in servers if hour % 2 else reversed(servers):
            await _kill(server)
        self.count += len(PROCESSES) + len(servers)
        await asyncio.sleep(0.2)
        # Eight processes and both servers begin anew at once, on whatever machine this is.
        await stack.until_ready(*PROCESSES, seconds=REST)
        self.say(f"hour {hour}: {self.count} kills, all ready again after {time.monotonic() - began:.0f} s")


async def _kill(server: EmbeddedServer) -> None:
    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.start)


async def day_under_kills(
    folder: Path, orders: int, step: timedelta, seed: int, say: Callable[[str], None]
) -> tuple[Day, list[str]]:
    """Play the day; return it, and what does not hold."""
    async with chaos_run(folder, random.Random(seed), {}) as run:  # noqa: S311 - repeatable
        desk = await run.stack.start()
        ground, kills = StackGround(run.stack), Kills(run, say)
        school = await run.stack.seeder.seed_school()
        webhook = str(httpx.URL(school.url).copy_merge_params({"token": school.token}))
        day = await played(ground, desk.token, SCHOOL, webhook, orders, step, seed, kills)
        leads = [UUID(deal.lead_id) for deal in day.deals.values()]
        wrong = violations(await facts_of(run.stack, Answered(leads)))
    return day, [*faults(day), *wrong]
