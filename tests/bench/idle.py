"""What everything takes when nothing comes in: CPU, statements, memory."""

from __future__ import annotations

import asyncio

import psutil

from tests.bench.cpu import cpu_table
from tests.bench.figures import Goal, Part, Table
from tests.bench.product import meter_of, product_on
from tests.bench.servers import Servers

SETTLED = 5.0  # seconds after the start in which what starts once is over
HOW = (
    "All eight processes without an order for {seconds:.0f} s, after {settled:.0f} s to settle; PostgreSQL and"
    " Kafka included."
)


async def measure(servers: Servers, seconds: float, settled: float = SETTLED) -> Part:
    """Start the product and leave it alone."""
    async with product_on(servers, "idle") as product, product.working():
        await asyncio.sleep(settled)
        meter = meter_of(servers, product.stack)
        await asyncio.sleep(seconds)
        spent = meter.lap()
        memory = {name: resident(pid) for name, pid in product.stack.children.pids().items()}
    whole = 100 * sum(spent.values()) / seconds
    goals = [
        Goal("CPU when idle, of one core", whole, 5.0, "%", True, "10 %"),
        Goal("memory of the largest process", max(memory.values()), 110.0, "MB", at_most=True),
    ]
    rows = [(name, f"{value:.0f}") for name, value in sorted(memory.items(), key=lambda item: -item[1])]
    tables = [
        cpu_table(spent, seconds / 1000, seconds, "CPU by process, seconds per 1,000 seconds"),
        Table(("process", "resident, MB"), rows),
    ]
    return Part("Idle", HOW.format(seconds=seconds, settled=settled), tables, goals)


def resident(pid: int) -> float:
    """Return a process's resident memory in megabytes."""
    return float(psutil.Process(pid).memory_info().rss) / 1e6
