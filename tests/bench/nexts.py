"""`next` of a school at its busiest: a steady stream of managers, and twenty of them at one instant (S4.5)."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TypeVar
from uuid import UUID

from pydantic import SecretStr

from libs.common.platform.clock import ManualClock
from libs.common.platform.core import Core
from libs.common.platform.db import Database
from libs.common.platform.telemetry.metrics import new_registry
from libs.common.platform.telemetry.tracing import Tracing
from services.tasks.context import Context
from services.tasks.settings import TasksSettings
from tests.bench.client import Connection, Target, connections
from tests.bench.figures import Count, Goal, Part, Table
from tests.bench.product import product_on, running_processes
from tests.bench.servers import Servers
from tests.support.stack import ProcessStack
from tests.tasks.desk import Desk, lead, operator

T = TypeVar("T")
API = "tasks-api"
OK = 200
KEPT = 40  # connections: twice as many as are in use at one instant
PERIOD = 10.0  # seconds in which each manager asks once
FILL = 50  # orders in one transaction
OLDEST = timedelta(days=2)  # orders of both windows, late ones and those of the night
WARM = 20
HOW = (
    "{orders:,} unpaid orders of the school's playbook, of the last two days, and {managers} managers who ask for"
    " `next` once in {period:.0f} s each, at even distances, for {seconds:.0f} s; {together} times 20 of them at"
    " one instant. One process of the API of tasks, over HTTP on connections that are kept, the answer read whole."
)


async def measure(servers: Servers, *, managers: int, seconds: float, together: int) -> Part:
    """Time `next` of a steady stream, and of twenty at one instant; count what was given twice."""
    steady = int(managers / PERIOD * seconds)
    orders = steady + 20 * together + WARM
    async with product_on(servers, "next") as product:
        async with product.stack.database.open("tasks") as tasks:
            await _fill(tasks, managers, orders)
        async with running_processes(product.stack, API), _client(product.stack, managers) as managed:
            await asyncio.gather(*(managed.ask(number) for number in range(WARM)))
            alone = await managed.steadily(steady, PERIOD / managers)
            bursts = [await managed.together() for _ in range(together)]
    given = managed.given
    table = Table(
        ("", "calls", "p50 ms", "p99 ms", "most ms"),
        [_row("one by one", alone), _row("20 at one instant", [each for burst in bursts for each in burst])],
    )
    goals = [
        Goal("`next`: p99 one by one", _share(alone, 0.99), 20, "ms", True),
        Goal("`next`: p99 of 20 at one instant", _share([x for one in bursts for x in one], 0.99), 150, "ms", True),
    ]
    counts = [
        Count("orders given", orders, len(given)),
        Count("orders given twice", 0, len(given) - len(set(given))),
    ]
    how = HOW.format(orders=orders, managers=managers, period=PERIOD, seconds=seconds, together=together)
    return Part("Next", how, [table], goals, counts)


async def _fill(db: Database, managers: int, orders: int) -> None:
    """Make the desk, its managers and its orders, as the events of other services would."""
    clock = ManualClock(datetime.now(UTC))
    settings = TasksSettings(postgres_url=SecretStr(db.config.url))
    core = Core("tasks", settings, db, clock, Tracing("tasks"), new_registry())
    desk = Desk(Context.of(core, settings), clock)
    await desk.set_up()
    people = (operator(UUID(int=1000 + n), f"manager-{n}", pools=("sales",)) for n in range(managers))
    for some in _some(people):
        await desk.receive(*some)
    ages = (timedelta(minutes=21) + n * (OLDEST / orders) for n in range(orders))
    came = (lead("school", received_at=clock.now() - age) for age in ages)
    for batch in _some(came):
        await desk.receive(*batch)


def _some(items: Iterable[T]) -> Iterator[tuple[T, ...]]:
    """Yield items by as many as go into one transaction."""
    rest = iter(items)
    while some := tuple(islice(rest, FILL)):
        yield some


class Managers:
    """Managers who ask on connections that are kept, each used in its turn, and the orders that they were given.

    `heads` are those of their requests, one of each.
    """

    def __init__(self, heads: Sequence[bytes], opened: Iterable[Connection]) -> None:
        self._heads = heads
        self._free = asyncio.Queue[Connection]()
        for connection in opened:
            self._free.put_nowait(connection)
        self.given: list[str] = []

    async def ask(self, number: int) -> float:
        """Ask for one manager; return the milliseconds to the answer's end, any wait for a connection included."""
        began = time.perf_counter()
        connection = await self._free.get()
        answer = await connection.post(b"", self._heads[number % len(self._heads)])
        took = (time.perf_counter() - began) * 1000
        self._free.put_nowait(connection)
        if answer.status != OK:
            raise RuntimeError(f"`next` answers {answer.status}: {answer.body.decode()}")
        task = json.loads(answer.body)["task"]
        if task is not None:
            self.given.append(task["id"])
        return took

    async def steadily(self, calls: int, pause: float) -> list[float]:
        """Ask one after the other at even distances, whether the one before was answered or not."""
        began, asked = time.monotonic(), []
        for number in range(calls):
            await asyncio.sleep(max(0.0, began + number * pause - time.monotonic()))
            asked.append(asyncio.create_task(self.ask(number)))
        return list(await asyncio.gather(*asked))

    async def together(self) -> list[float]:
        """Let twenty ask at one instant."""
        return list(await asyncio.gather(*(self.ask(number) for number in range(20))))


@asynccontextmanager
async def _client(stack: ProcessStack, managers: int) -> AsyncIterator[Managers]:
    """Give managers with connections of their own."""
    tokens = (stack.issuer.token(f"manager-{n}", ["operator"], ["demo"]) for n in range(managers))
    asks = [Target(stack.ports[API], "/tasks/v1/next", {"Authorization": f"Bearer {token}"}) for token in tokens]
    heads = [each.head() for each in asks]
    async with connections(asks[0], KEPT) as opened:
        yield Managers(heads, opened)


def _row(what: str, taken: Sequence[float]) -> tuple[str, ...]:
    shares = (_share(taken, share) for share in (0.5, 0.99, 1.0))
    return (what, str(len(taken)), *(f"{each:.1f}" for each in shares))


def _share(taken: Sequence[float], share: float) -> float:
    """Return the time within which this share of the calls was answered."""
    ordered = sorted(taken)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
