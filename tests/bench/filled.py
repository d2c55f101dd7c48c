"""What a lead costs among very many: bursts on empty tables and on full ones, in turn."""

from __future__ import annotations

from tests.bench.breakdown import by_process
from tests.bench.chain import ALONE, cost
from tests.bench.figures import Goal, Part, Table, median, spread
from tests.bench.multiply import multiply
from tests.bench.product import product_on
from tests.bench.servers import Servers
from tests.bench.spine import BURST, Hold, hold, warm_up

SEED = 1000  # leads that go through the product before they are copied
SECONDS = 10.0  # at 20 leads/s
HOW = (
    "{seed:,} leads go through the product, and all rows that they leave in the four schemas are copied until there"
    " are those of {leads:,} leads, under ids and times of their own. Then bursts of {burst:,} leads and 20 leads/s"
    " on these tables and on empty ones in turn, {rounds} rounds."
)


async def measure(servers: Servers, *, leads: int, burst: int, rounds: int, warm: int) -> Part:
    """Measure both in turn; each is stopped meanwhile."""
    seed = min(SEED, leads // 4)
    alone: dict[str, list[Hold]] = {"empty": [], "full": []}
    bursts: dict[str, list[Hold]] = {"empty": [], "full": []}
    async with product_on(servers, "empty") as empty, product_on(servers, "full") as full:
        async with full.working():
            await full.take(seed)
        times = leads // seed - 1
        await multiply(full.stack.database.admin_url, times)
        full.copied = seed * times
        for _ in range(rounds):
            for name, product in (("empty", empty), ("full", full)):
                async with product.running() as side:
                    await warm_up(side, warm)
                    alone[name].append(await hold(side, ALONE, int(ALONE * SECONDS)))
                    bursts[name].append(await hold(side, BURST, burst))
        counts = [*await empty.counts(), *await full.counts()]
    rows = [
        (name, spread([one.per_second for one in bursts[name]]), cost(bursts[name]), cost(alone[name]))
        for name in bursts
    ]
    ratio = median([one.cpu_ms for one in bursts["full"]]) / median([one.cpu_ms for one in bursts["empty"]])
    goal = Goal(f"CPU of a lead among {leads:,}", ratio, 1.2, "×", at_most=True)
    head = ("tables", "burst, leads/s min / median / max", "CPU ms of a lead, burst", "20/s")
    tables = [Table(head, rows), by_process(alone["full"], bursts["full"])]
    how = HOW.format(seed=seed, leads=leads, burst=burst, rounds=rounds)
    return Part("Among very many leads", how, tables, [goal], counts)
