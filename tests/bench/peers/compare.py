"""The product beside what a user would pick instead: the same leads, servers and load, one after the other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from tests.bench.bare import bare_chain_on
from tests.bench.breakdown import by_process
from tests.bench.chain import ALONE
from tests.bench.figures import Count, Goal, Part, Table, short
from tests.bench.peers.run import PEERS, peer_on
from tests.bench.product import product_on
from tests.bench.servers import Servers
from tests.bench.spine import BURST, Hold, Side, hold, warm_up

WITH_MESSAGE = Path(__file__).with_name("playbook.yaml")
REQUESTED = {"messages requested": "SELECT count(*) FROM notifications.message"}
HOW = (
    "Each does the same four effects of an order that comes in by HTTP: lead, task, operator in turn, message"
    " requested (the bare chain: its hops alone). The peers (`tests/bench/peers`) are written as their"
    " documentation shows, on the same PostgreSQL and Kafka, and end with the message's row; the product is the"
    " shipped one, ends with `task.assigned`, and besides stores the request and finds no channel to send it by."
    " Burst: {leads:,} leads; CPU is of all processes, servers and load included."
)
NONE_OF_IT = "nothing but the hops: repeats are recognised, and there is no logic to explain"
OURS = "order per lead, each effect exactly once however often a process dies, and the reasons of every choice"
TITLE = "What a user would pick instead"
PRODUCT, GOAL = "product", 3.0


async def measure(servers: Servers, python: Path, *, leads: int, seconds: float, warm: int) -> Part:
    """Measure the bare chain, the product and each peer."""
    held: dict[str, tuple[Hold, Hold]] = {}
    counts: list[Count] = []
    async for name, alone, flood, found in _sides(servers, python, leads, seconds, warm):
        held[name] = alone, flood
        counts += found
    best = max(held[peer.name][1].per_second for peer in PEERS)
    head = ("", "burst, leads/s", "CPU ms in a burst", "CPU ms at 20/s", "p50 ms at 20/s", "p99 ms at 20/s")
    rows = [_row(name, *pair) for name, pair in held.items()]
    lacks = [("bare chain", NONE_OF_IT), *((peer.name, peer.lacks) for peer in PEERS)]
    ours, flood = held[PRODUCT]
    tables = [
        Table(head, rows),
        Table(("", f"does not promise (the product: {OURS})"), lacks),
        by_process([ours], [flood]),
    ]
    goal = Goal("burst against the best peer's", flood.per_second / best, GOAL, "×")
    return Part(TITLE, HOW.format(leads=leads), tables, [goal], counts)


async def _sides(
    servers: Servers, python: Path, leads: int, seconds: float, warm: int
) -> AsyncIterator[tuple[str, Hold, Hold, Sequence[Count]]]:
    async def run(side: Side) -> tuple[Hold, Hold]:
        await warm_up(side, warm)
        return await hold(side, ALONE, int(ALONE * seconds)), await hold(side, BURST, leads)

    async with bare_chain_on(servers, "compared") as bare:
        async with bare.running() as hops:
            held = await run(hops)
        yield "bare chain", *held, await bare.counts()
    async with product_on(servers, "compared", playbook=WITH_MESSAGE, effects=REQUESTED) as product:
        async with product.running() as whole:
            held = await run(whole)
        yield PRODUCT, *held, await product.counts()
    for peer in PEERS:
        async with peer_on(servers, python, peer) as side:
            held = await run(side)
            yield peer.name, *held, await side.counts(peer.module)


def _row(name: str, alone: Hold, flood: Hold) -> Sequence[str]:
    latency = (f"{alone.at(0.5):.0f}", f"{alone.at(0.99):.0f}")
    return name, short(flood.per_second), f"{flood.cpu_ms:.2f}", f"{alone.cpu_ms:.1f}", *latency
