"""Webhook → `task.assigned`: latency, CPU and the highest rate, beside the bare chain of the same run."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from tests.bench.bare import BareChain
from tests.bench.breakdown import breakdown
from tests.bench.figures import Count, Goal, Part, Table, median, short, spread
from tests.bench.product import Product
from tests.bench.spine import BURST, STEPS, Hold, Side, climb, hold, sustained, warm_up

ALONE, BUSY = 20.0, 100.0  # leads/s at which latency is measured
HOW = (
    "Orders are posted to the shipped intake through all eight processes; the clock runs from the moment an order"
    " was due until an observer of the tasks topic has its `task.assigned`. A playbook without messages, 10"
    " operators. The bare chain (`tests/bench/bare_chain.py`: the same hops, servers, partitions, observer; no"
    " HTTP, no logic) is measured in turn with it, {rounds} rounds, each stopped meanwhile; medians of the rounds."
    " CPU is of all processes, servers and load included."
)
CLIMB = (
    " Sustained: the highest of the steps {steps} … leads/s that, held for {seconds:.0f} s, has 99 of 100 leads"
    " assigned at most 1 s after they were due; a step that fails is held once more."
)


class Chain(Protocol):
    """A chain that can be started and stopped, and counts its rows."""

    def running(self) -> AbstractAsyncContextManager[Side]:
        """Run for the block."""
        ...

    async def counts(self) -> Sequence[Count]:
        """Compare rows with what was sent in all."""
        ...


@dataclass(frozen=True, slots=True)
class Load:
    """Seconds at 20/s (100/s: half), leads of a burst, seconds of a step (0: no staircase), rounds."""

    steady: float
    burst: int
    step: float
    rounds: int
    warm_up: int
    steps: Sequence[float] = STEPS


@dataclass
class Rounds:
    """What the rounds of one chain gave."""

    alone: list[Hold] = field(default_factory=list)
    busy: list[Hold] = field(default_factory=list)
    bursts: list[Hold] = field(default_factory=list)

    async def measure(self, side: Side, load: Load, burst: int) -> None:
        """Run one round: 20 leads/s, 100 leads/s, a burst."""
        await warm_up(side, load.warm_up)
        self.alone.append(await hold(side, ALONE, int(ALONE * load.steady)))
        self.busy.append(await hold(side, BUSY, int(BUSY * load.steady / 2)))
        self.bursts.append(await hold(side, BURST, burst))

    @property
    def burst(self) -> float:
        """Return the leads a second of a burst."""
        return median([one.per_second for one in self.bursts])

    def rows(self, name: str) -> Sequence[Sequence[str]]:
        """Return the rows of the report: 20/s, 100/s, burst."""
        return [
            (name, *_figures(f"{ALONE:.0f}/s", self.alone)),
            (name, *_figures(f"{BUSY:.0f}/s", self.busy)),
            (name, f"burst: {spread([one.per_second for one in self.bursts])}", "", "", "", cost(self.bursts)),
        ]


async def measure(product: Product, bare: BareChain, load: Load) -> Part:
    """Measure both in turn, then how high the product climbs, and what its accept route takes alone."""
    ours, theirs = Rounds(), Rounds()
    held: Sequence[Hold] = []
    for number in range(load.rounds):
        async with bare.running() as side:
            await theirs.measure(side, load, load.burst * 3)
        async with product.running() as side:
            await ours.measure(side, load, load.burst)
            if load.step and number == load.rounds - 1:
                held = await climb(side, load.step, load.steps)
    tables = [
        Table(
            ("", "leads/s", "p50 ms", "p95 ms", "p99 ms", "CPU ms"),
            [*theirs.rows("bare chain"), *ours.rows("product")],
        )
    ]
    counts = [*await product.counts(), *await bare.counts()]
    if held:
        accept = await product.accept_alone(load.burst)
        tables += [_staircase(held), *breakdown(ours.alone, ours.bursts, theirs.bursts, accept)]
    how = HOW.format(rounds=load.rounds)
    if held:
        how += CLIMB.format(steps=", ".join(map(str, STEPS[:6])), seconds=load.step)
    title = "Webhook → task.assigned" if held else "Webhook → task.assigned: latency"
    return Part(title, how, tables, [*_goals(ours, theirs), *(_highest(held, theirs) if held else ())], counts)


def _goals(ours: Rounds, theirs: Rounds) -> Sequence[Goal]:
    alone, busy = (_p50_p99(theirs.alone), _p50_p99(theirs.busy))
    p50, p99 = _p50_p99(ours.alone)
    busy_p50, busy_p99 = _p50_p99(ours.busy)
    spent, bare = (median([one.cpu_ms for one in side.alone]) for side in (ours, theirs))
    return [
        Goal("CPU of a lead in a burst", median([one.cpu_ms for one in ours.bursts]), 1.8, "ms", True, "3.0 ms"),
        Goal("CPU of a lead at 20/s against the bare chain's", spent / bare, 1.0, "×", True, "1.5 ×"),
        Goal("p50 at 20/s (the bare chain's + 15 ms)", p50, alone[0] + 15, "ms", True, "32–60 ms"),
        Goal("p99 at 20/s against the bare chain's", p99 / alone[1], 2.0, "×", True),
        Goal("p50 at 100/s against the bare chain's", busy_p50 / busy[0], 2.0, "×", True, "194–254 ms"),
        Goal("p99 at 100/s against the bare chain's", busy_p99 / busy[1], 2.5, "×", True, "243–408 ms"),
    ]


def _highest(held: Sequence[Hold], theirs: Rounds) -> Sequence[Goal]:
    wanted = min(600.0, 0.09 * theirs.burst)
    return [
        Goal(
            "sustained with p99 ≤ 1 s (600, or 0.09 × the bare burst)",
            sustained(held),
            wanted,
            "leads/s",
            before="300",
        )
    ]


def _staircase(held: Sequence[Hold]) -> Table:
    rows = [(short(step.rate), f"{step.at(0.5):.0f}", f"{step.at(0.99):.0f}", cost([step])) for step in held]
    return Table(("leads/s", "p50 ms", "p99 ms", "CPU ms"), rows, "The staircase")


def _figures(rate: str, holds: Sequence[Hold]) -> Sequence[str]:
    latency = (f"{median([one.at(share) for one in holds]):.1f}" for share in (0.5, 0.95, 0.99))
    return rate, *latency, cost(holds)


def cost(holds: Sequence[Hold]) -> str:
    """Return the CPU milliseconds of a lead."""
    return f"{median([one.cpu_ms for one in holds]):.2f}"


def _p50_p99(holds: Sequence[Hold]) -> tuple[float, float]:
    return median([one.at(0.5) for one in holds]), median([one.at(0.99) for one in holds])
