"""Kill processes under load, wait until everything is back, and check the promises of P.1."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

from deploy.local.kafka import EmbeddedKafka
from deploy.local.postgres import EmbeddedPostgres
from libs.common.platform.db.roles import SERVICES
from libs.common.platform.faultpoints import VARIABLE
from libs.common.testkit.database import database_copy, template_database
from tests.support.checks import CHECKERS, nothing_is_stored_unasked, violations
from tests.support.customers import Customers, make_room
from tests.support.facts import Answered, Facts
from tests.support.settle import facts_of
from tests.support.stack import ProcessStack, process_stack
from tests.support.staff import Staff

ORDERS_PER_SECOND = 8
#: How far business time goes before each kill: past the due time of a callback task, so that timers fire.
STEP = timedelta(minutes=6)
FALL_SECONDS, LOAD_SECONDS = 60, 60
#: A run of fewer orders and ended tasks proves little; a busy machine takes its time for them.
LEAST_LEADS, LEAST_OUTCOMES = 100, 20
#: The fault point where a process's first life ends: after the commit and before the answer, after the ack and
#: before the delete, with timers claimed, after the effect and before the offset, after the send and before its
#: record. Reached within seconds of load, no matter what is killed first.
POINTS: Mapping[str, str] = MappingProxyType(
    {
        "intake-api": "intake.committed:5",
        "intake-worker": "relay.acked:3",
        "tasks-worker": "timers.claimed:1",
        "assignment-worker": "consumer.applied:5",
        "notifications-worker": "sender.sent:5",
    }
)
PROCESSES = tuple(f"{service}-{part}" for service in SERVICES for part in ("api", "worker"))
TARGETS = (*PROCESSES, "kafka", "postgres")


@dataclass
class ChaosRun:
    """A stack on its own servers, a seeded random source, and the fault point of each process's first life."""

    stack: ProcessStack
    postgres: EmbeddedPostgres
    kafka: EmbeddedKafka
    chance: random.Random
    points: Mapping[str, str]

    async def run(self, targets: Sequence[str]) -> Facts:
        """Kill each target under load, stop the load, post every order again, settle and collect the facts."""
        desk = await self.stack.start()
        await make_room(self.stack)
        customers = Customers(self.stack.client, desk, "chaos")
        staff = Staff(self.stack.client, desk.operators, self.chance.randrange(10**6))
        async with _load(customers, staff):
            for target in targets:
                await asyncio.sleep(self.chance.uniform(0.3, 1.0))
                self.stack.clock.advance(STEP)
                await self._kill(target)
            for name in self.points:
                await self._until_fallen(name)
            async with asyncio.timeout(LOAD_SECONDS):
                while len(customers.answers) < LEAST_LEADS or len(staff.outcomes) < LEAST_OUTCOMES:
                    await asyncio.sleep(0.3)
        await self.stack.until_ready(*PROCESSES)
        await customers.post_again()
        if twice := customers.answered_twice():
            raise AssertionError(f"two leads for one order: {twice}")
        return await facts_of(self.stack, Answered(customers.lead_ids(), staff.outcomes))

    async def _kill(self, target: str) -> None:
        if target in PROCESSES:
            await self._until_fallen(target)
            await self.stack.until_ready(target)
            self.stack.kill(target)
            await asyncio.sleep(0.2)
            await self.stack.until_ready(target)
            return
        server = self.kafka if target == "kafka" else self.postgres
        await asyncio.to_thread(server.kill)
        await asyncio.sleep(self.chance.uniform(0.1, 1.0))
        await asyncio.to_thread(server.start)

    async def _until_fallen(self, name: str) -> None:
        """Wait until a process has died at its point, if it has one. Raises TimeoutError after 60 s."""
        async with asyncio.timeout(FALL_SECONDS):
            while name in self.points and not self.stack.fell(name):
                await asyncio.sleep(0.3)


def broken_promises(facts: Facts) -> list[str]:
    """Return the violations; in a chaos run every client has been answered."""
    return violations(facts, (*CHECKERS, nothing_is_stored_unasked))


@asynccontextmanager
async def _load(customers: Customers, staff: Staff) -> AsyncIterator[None]:
    """Let customers and operators work for the block, then finish what they have begun."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(customers.keep_posting(ORDERS_PER_SECOND, stop))
        group.create_task(staff.work(stop))
        try:
            yield
        finally:
            stop.set()


@asynccontextmanager
async def chaos_run(
    folder: Path, chance: random.Random, points: Mapping[str, str] = POINTS
) -> AsyncIterator[ChaosRun]:
    """Start servers that may be killed, and prepare a stack on them."""
    postgres, kafka = EmbeddedPostgres(folder / "postgres"), EmbeddedKafka(folder / "kafka")
    try:
        await asyncio.gather(asyncio.to_thread(postgres.start), asyncio.to_thread(kafka.start))
        async with template_database(postgres.url) as template, database_copy(postgres.url, template) as database:
            once = {name: {VARIABLE: point} for name, point in points.items()}
            home = folder / "home"
            home.mkdir()
            stack = ProcessStack(home, database, kafka.url, "chaos", once=once)
            async with process_stack(stack):
                yield ChaosRun(stack, postgres, kafka, chance, points)
    finally:
        postgres.stop()
        kafka.stop()
