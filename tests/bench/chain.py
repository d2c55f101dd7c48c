"""Webhook → `task.assigned`: latency at a rate, and the highest rate, beside the bare chain's."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from typing import Protocol

from tests.bench.cpu import CpuMeter, cpu_table
from tests.bench.figures import Count, Goal, Part, Table, median, percentile, short, spread
from tests.bench.observer import Observer

WARM_UP = 1000  # leads
KEEPS_UP = 1.0  # seconds after it was due in which 99 of 100 leads must be assigned
STEP, LEAST, MOST = 0.1, 0.3, 2.0  # of the staircase, in shares of the burst's rate
RATES = (20.0, 100.0)  # leads/s at which latency is measured
PATIENCE = 180.0
LATENCY_HOW = (
    "Orders are posted to the shipped intake at a steady rate through all eight processes; the clock runs from the"
    " moment an order was due until an observer of the tasks topic has its `task.assigned`. A playbook without"
    " messages, {operators} operators. The bare chain (the same hops between the same servers, no HTTP, no logic)"
    " runs before it at the same rates: it shows what the machine itself takes."
)
RATE_HOW = (
    "Burst: {burst} leads as fast as they are taken, from the first until the last is assigned. Sustained: the"
    " highest step of a staircase (in tenths of the burst's rate) that, held for {seconds:.0f} s, has 99 of 100"
    " leads assigned at most {keeps:.0f} s after they were due. The bare chain (`tests/bench/bare_chain.py`: the"
    " same hops, servers, partitions, observer; no HTTP, no logic) is measured in turn with the product, which is"
    " stopped meanwhile."
)


class Side(Protocol):
    """A running chain: takes leads, and is observed at its end."""

    observer: Observer

    async def send(self, leads: int, rate: float) -> Mapping[str, float]:
        """Send leads at a rate; return when each was due, by event key."""
        ...

    def meter(self) -> CpuMeter:
        """Return a meter of everything that runs."""
        ...


class Chain(Protocol):
    """A chain that can be started and stopped, and counts its rows."""

    def running(self) -> AbstractAsyncContextManager[Side]:
        """Run for the block."""
        ...

    async def counts(self) -> Sequence[Count]:
        """Compare rows with what was sent in all."""
        ...


@dataclass(frozen=True, slots=True)
class Hold:
    """A rate held for a while. Latencies are sorted milliseconds."""

    rate: float
    leads: int
    seconds: float
    latencies: Sequence[float]
    cpu: Mapping[str, float]

    @property
    def keeps_up(self) -> bool:
        """Return whether nothing piled up."""
        return percentile(self.latencies, 0.99) <= 1000 * KEEPS_UP

    def row(self, name: str) -> Sequence[str]:
        """Return the row of the latency table."""
        figures = [f"{percentile(self.latencies, share):.1f}" for share in (0.5, 0.95, 0.99, 1)]
        return name, short(self.rate), *figures


@dataclass
class Rates:
    """What the rounds of one chain gave."""

    bursts: list[float] = field(default_factory=list)
    held: list[Hold] = field(default_factory=list)

    @property
    def sustained(self) -> list[float]:
        """Return the highest rate held, by round."""
        return [hold.rate for hold in self.held]

    def row(self, name: str) -> Sequence[str]:
        """Return the row of the report."""
        return name, spread(self.bursts), spread(self.sustained)


async def hold(side: Side, rate: float, leads: int) -> Hold:
    """Send leads at a rate and wait until all are assigned. Raises TimeoutError when one is lost."""
    meter, started = side.meter(), time.perf_counter()
    due = await side.send(leads, rate)
    last = await side.observer.all_of(due, PATIENCE)
    latencies = sorted(1000 * (side.observer.seen[key] - moment) for key, moment in due.items())
    return Hold(rate, leads, last - started, latencies, meter.lap())


async def highest(side: Side, rates: Rates, burst: int, seconds: float) -> None:
    """Measure a burst, then the highest rate that is kept up with (none: 0): up from the burst's, or down."""
    await hold(side, float("inf"), WARM_UP)
    flood = await hold(side, float("inf"), burst)
    full = flood.leads / flood.seconds
    rates.bursts.append(full)
    share, best = 1.0, await hold(side, full, int(full * seconds))
    while best.keeps_up and share < MOST:
        share += STEP
        step = await hold(side, full * share, int(full * share * seconds))
        if not step.keeps_up:
            break
        best = step
    while not best.keeps_up and share > LEAST:
        share -= STEP
        best = await hold(side, full * share, int(full * share * seconds))
    rates.held.append(best if best.keeps_up else replace(best, rate=0.0))


async def _steady(chain: Chain, seconds: float) -> Sequence[Hold]:
    async with chain.running() as side:
        await hold(side, float("inf"), WARM_UP)
        await hold(side, 50, 100)
        return [await hold(side, rate, int(rate * seconds)) for rate in RATES]


async def measure_latency(product: Chain, bare: Chain, seconds: float, operators: int) -> Part:
    """Measure both chains at the same rates."""
    theirs, steps = await _steady(bare, seconds), await _steady(product, seconds)
    rows = [step.row("bare chain") for step in theirs] + [step.row("product") for step in steps]
    at_hundred = steps[-1]
    goals = [
        Goal("p50 at 100 leads/s", percentile(at_hundred.latencies, 0.5), 40, "ms", at_most=True),
        Goal("p99 at 100 leads/s", percentile(at_hundred.latencies, 0.99), 150, "ms", at_most=True),
    ]
    tables = [
        Table(("", "leads/s", "p50 ms", "p95 ms", "p99 ms", "max ms"), rows),
        cpu_table(at_hundred.cpu, at_hundred.leads / 1000, at_hundred.seconds, "CPU at 100 leads/s"),
    ]
    how = LATENCY_HOW.format(operators=operators)
    counts = [*await product.counts(), *await bare.counts()]
    return Part("Webhook → task.assigned: latency", how, tables, goals, counts)


async def measure_rate(product: Chain, bare: Chain, *, burst: int, seconds: float, rounds: int) -> Part:
    """Measure both chains' highest rates, in turn."""
    ours, theirs = Rates(), Rates()
    for _ in range(rounds):
        async with bare.running() as side:
            await highest(side, theirs, burst * 3, seconds)
        async with product.running() as side:
            await highest(side, ours, burst, seconds)
    top = sorted(ours.held, key=lambda step: step.rate)[len(ours.held) // 2]
    goals = [
        Goal("sustained rate to task.assigned", median(ours.sustained), 1000, "leads/s"),
        Goal(
            "sustained rate against the bare chain's", median(ours.sustained) / median(theirs.sustained), 0.35, "×"
        ),
    ]
    rates = Table(
        ("", "burst, leads/s min / median / max", "sustained, leads/s min / median / max"),
        [ours.row("product"), theirs.row("bare chain")],
    )
    split = cpu_table(top.cpu, top.leads / 1000, top.seconds, f"Where the CPU goes at {short(top.rate)} leads/s")
    how = RATE_HOW.format(burst=short(burst), seconds=seconds, keeps=KEEPS_UP)
    counts = [*await product.counts(), *await bare.counts()]
    return Part("Highest rate to task.assigned", how, [rates, split], goals, counts)
