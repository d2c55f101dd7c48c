"""Two of each worker against one of each on the same cores, and nothing lost or doubled as they join and leave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from libs.common.messaging.bus.topics import PARTITIONS
from libs.common.platform.db.roles import SERVICES
from tests.bench.chain import cost
from tests.bench.figures import Goal, Part, Table, median, short, spread
from tests.bench.product import Product, product_on, running_processes
from tests.bench.servers import Servers
from tests.bench.spine import BURST, Hold, hold, warm_up
from tests.support.stack import ProcessStack, process_stack

NAMES = tuple(f"{service}-worker" for service in SERVICES)
STEADY = 50.0  # leads/s while workers join and leave
HOW = (
    "Bursts of {leads:,} leads with one of each worker and with two of each, in turn, on the same cores. Then"
    " {steady:.0f} leads/s for {seconds:.0f} s while the second ones join and leave; all rows are counted"
    " afterwards. CPU is without the second ones' own."
)


class Passing(ProcessStack):
    """Processes that come and go: without names of their own, so that what they leave is taken over at once."""

    def _environment(self, service: str) -> dict[str, str]:
        given = super()._environment(service)
        return {name: value for name, value in given.items() if not name.endswith("_INSTANCE")}


async def measure(servers: Servers, *, leads: int, seconds: float, rounds: int, warm: int) -> Part:
    """Measure bursts with one and with two of each, then let the second ones come and go under a steady rate."""
    one: list[Hold] = []
    two: list[Hold] = []
    async with product_on(servers, "workers") as product:
        async with product.running() as side, _second(servers, product) as second:
            await warm_up(side, warm)
            for _ in range(rounds):
                one.append(await hold(side, BURST, leads))
                async with running_processes(second, *NAMES):
                    await warm_up(side, warm)
                    two.append(await hold(side, BURST, leads))
            load = asyncio.create_task(hold(side, STEADY, int(STEADY * seconds)))
            while not load.done():
                async with running_processes(second, *NAMES):
                    await asyncio.wait([load], timeout=seconds / 4)
            steady = await load
        counts = await product.counts()
    rows = [
        (
            "one of each",
            spread([flood.per_second for flood in one]),
            cost(one),
        ),
        (
            "two of each",
            spread([flood.per_second for flood in two]),
            cost(two),
        ),
        (f"{short(STEADY)}/s, joining and leaving", f"p99 {steady.at(0.99):.0f} ms", cost([steady])),
    ]
    ratio = median([flood.per_second for flood in two]) / median([flood.per_second for flood in one])
    how = HOW.format(leads=leads, steady=STEADY, seconds=seconds)
    table = Table(
        ("workers", "burst, leads/s min / median / max", "CPU ms of a lead, the first ones' processes"), rows
    )
    return Part(
        "Two of each worker", how, [table], [Goal("two of each against one of each", ratio, 1.0, "×")], counts
    )


@asynccontextmanager
async def _second(servers: Servers, product: Product) -> AsyncIterator[ProcessStack]:
    """Prepare second workers on the product's database and topics; nothing runs yet."""
    home = servers.folder / servers.unused("second")
    home.mkdir()
    first = product.stack
    stack = Passing(home, first.database, first.bootstrap, first.prefix, PARTITIONS)
    async with process_stack(stack):
        yield stack
