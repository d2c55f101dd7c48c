"""What a lead costs among very many: bursts on empty tables and on full ones, in turn."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from deploy.local.postgres import EmbeddedPostgres
from libs.common.testkit.database import StackDatabase, create, database_url, execute, name_of, template_database
from tests.bench.breakdown import by_process
from tests.bench.chain import ALONE, cost
from tests.bench.client import Target
from tests.bench.desk import SECRET
from tests.bench.figures import Goal, Part, Table, median, spread
from tests.bench.kept import Facts, Kept, kept_server, key_of
from tests.bench.multiply import PUT_OFF, fill
from tests.bench.product import Product, product_on
from tests.bench.servers import Running, Servers
from tests.bench.spine import BURST, Hold, hold, warm_up

SEED = 1000  # leads that go through the product before they are copied
SECONDS = 10.0  # at 20 leads/s, at most
GROWTH = 1.05  # of kept tables: runs add leads, and beyond this they are made anew
HOW = (
    "{seed:,} leads go through the product, and all rows that they leave in the four schemas are copied until there"
    " are those of {leads:,} leads, under ids and times of their own ({made}). Then bursts of {burst:,} leads and"
    " 20 leads/s on these tables and on empty ones of the same server in turn, {rounds} rounds."
)
# What became due since the last run would be fired beside what is measured.
_PUT_OFF = f"""
UPDATE tasks.timer SET due_at = due_at + interval '{PUT_OFF} years' WHERE due_at < now() + interval '1 year'
"""


@dataclass(frozen=True, slots=True)
class Full:
    """The product on full tables, the servers that it and its empty counterpart use, and how they were filled."""

    product: Product
    servers: Servers
    made: str


async def measure(
    servers: Servers, *, leads: int, burst: int, seconds: float, rounds: int, warm: int, keep: Path | None
) -> Part:
    """Measure both in turn; each is stopped meanwhile. The full tables are kept in a folder, or nowhere."""
    seed = min(SEED, leads // 4)
    alone: dict[str, list[Hold]] = {"empty": [], "full": []}
    bursts: dict[str, list[Hold]] = {"empty": [], "full": []}
    opened = _fresh(servers, leads, seed) if keep is None else _kept(servers, leads, seed, keep)
    async with opened as full, product_on(full.servers, "empty") as empty:
        for _ in range(rounds):
            for name, product in (("empty", empty), ("full", full.product)):
                async with product.running() as side:
                    await warm_up(side, warm)
                    alone[name].append(await hold(side, ALONE, int(ALONE * min(SECONDS, seconds))))
                    bursts[name].append(await hold(side, BURST, burst))
        counts = [*await empty.counts(), *await full.product.counts()]
    rows = [
        (name, spread([one.per_second for one in bursts[name]]), cost(bursts[name]), cost(alone[name]))
        for name in bursts
    ]
    ratio = median([one.cpu_ms for one in bursts["full"]]) / median([one.cpu_ms for one in bursts["empty"]])
    goal = Goal(f"CPU of a lead among {leads:,}", ratio, 1.2, "×", at_most=True)
    head = ("tables", "burst, leads/s min / median / max", "CPU ms of a lead, burst", "20/s")
    tables = [
        Table(head, rows),
        *(replace(by_process(alone[name], bursts[name]), title=f"CPU by process, {name}") for name in bursts),
    ]
    how = HOW.format(seed=seed, leads=leads, made=full.made, burst=burst, rounds=rounds)
    return Part("Among very many leads", how, tables, [goal], counts)


@asynccontextmanager
async def _fresh(servers: Servers, leads: int, seed: int) -> AsyncIterator[Full]:
    """Fill tables of the given server; nothing is kept."""
    async with product_on(servers, "full") as product:
        yield Full(product, servers, f"in {await fill(product, leads, seed):.0f} s")


@asynccontextmanager
async def _kept(servers: Servers, leads: int, seed: int, folder: Path) -> AsyncIterator[Full]:
    """Open full tables, on a server of their own; fill them first where none are kept."""

    async def make(postgres: EmbeddedPostgres) -> Facts:
        async with template_database(postgres.url) as template:
            empty, full = [await create(postgres.url, name_of(template.admin_url)) for _ in range(2)]
        own = _own(servers, postgres, empty)
        async with product_on(own, "fill", database=_database(postgres, full)) as product:
            seconds = await fill(product, leads, seed)
            assert product.target is not None
            return Facts(empty, full, product.target.path, product.copied + sum(product.sent), seconds)

    async with kept_server(folder, key_of(leads), make) as kept:
        own, database = _own(servers, kept.postgres, kept.facts.empty), _database(kept.postgres, kept.facts.full)
        async with product_on(own, "full", database=database) as product:
            product.target = Target(
                product.stack.ports["intake-api"], kept.facts.webhook, {"X-Source-Token": SECRET}
            )
            product.copied = kept.facts.leads
            await execute(database.admin_url, _PUT_OFF)
            yield Full(
                product, own, f"{'kept since, made' if kept.found else 'made'} in {kept.facts.seconds:.0f} s"
            )
            kept.then = await _then(kept, product, leads)


async def _then(kept: Kept, product: Product, leads: int) -> Facts | None:
    """Return what the next run finds: nothing when a lead of this one is half done, or they are too many."""
    now = product.copied + sum(product.sent)
    whole = all(count.agrees for count in await product.counts())
    return replace(kept.facts, leads=now) if whole and now <= GROWTH * leads else None


def _own(servers: Servers, postgres: EmbeddedPostgres, template: str) -> Servers:
    running = Running(postgres.url, postgres.pid)
    return replace(servers, postgres=running, template=_database(postgres, template))


def _database(postgres: EmbeddedPostgres, name: str) -> StackDatabase:
    return StackDatabase(database_url(postgres.url, name), {})
