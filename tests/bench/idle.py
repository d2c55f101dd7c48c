"""What everything takes when nothing comes in: CPU and memory; and what memory leads leave behind."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import psutil

from deploy.local.children import Children
from tests.bench.cpu import cpu_table
from tests.bench.figures import Goal, Part, Table
from tests.bench.product import meter_of, product_on
from tests.bench.servers import Servers

SETTLED = 5.0  # seconds after the start in which what starts once is over
MOST = 110.0  # MB
HOW = (
    "All eight processes without an order for {seconds:.0f} s, after {settled:.0f} s to settle; PostgreSQL and"
    " Kafka included. Then a burst of {leads:,} leads. Here each process is started by itself, as `make run` and"
    " containers do; the other parts fork theirs from one that has imported all four services. Resident is what a"
    " process has in memory; its share counts what several have mapped from one file by their number."
)


class Memory(NamedTuple):
    """A process's memory in megabytes."""

    resident: float
    share: float


async def measure(servers: Servers, seconds: float, settled: float, leads: int) -> Part:
    """Start the product and leave it alone; then give it leads."""
    async with product_on(servers, "idle") as product:
        stack = product.stack
        stack.children = Children(stack.home / "logs", stack.said.append)
        async with product.working():
            await asyncio.sleep(settled)
            meter = meter_of(servers, stack)
            await asyncio.sleep(seconds)
            spent, before = meter.lap(), memory_of(stack.children)
            await product.take(leads)
            after = memory_of(stack.children)
        counts = await product.counts()
    whole = 100 * sum(spent.values()) / seconds
    goals = [
        Goal("CPU when idle, of one core", whole, 5.0, "%", True, "10 %"),
        Goal("memory of the largest process, idle", _largest(before), MOST, "MB", at_most=True),
        Goal("memory of the largest process, after a burst", _largest(after), MOST, "MB", at_most=True),
    ]
    tables = [
        cpu_table(spent, seconds / 1000, seconds, "CPU by process, seconds per 1,000 seconds"),
        Table(("process", "resident, MB", "its share", "resident after a burst"), _rows(before, after)),
    ]
    return Part("Idle", HOW.format(seconds=seconds, settled=settled, leads=leads), tables, goals, counts)


def memory_of(children: Children) -> Mapping[str, Memory]:
    """Return the memory of each child that runs."""
    found = {name: psutil.Process(pid).memory_full_info() for name, pid in children.pids().items()}
    return {name: Memory(info.rss / 1e6, info.pss / 1e6) for name, info in found.items()}


def resident(pid: int) -> float:
    """Return a process's resident memory in megabytes."""
    return float(psutil.Process(pid).memory_info().rss) / 1e6


def _largest(memory: Mapping[str, Memory]) -> float:
    return max(each.resident for each in memory.values())


def _rows(before: Mapping[str, Memory], after: Mapping[str, Memory]) -> Sequence[Sequence[str]]:
    largest_first = sorted(before, key=lambda name: -before[name].resident)
    return [
        (name, f"{before[name].resident:.0f}", f"{before[name].share:.0f}", f"{after[name].resident:.0f}")
        for name in largest_first
    ]
