"""What is measured of a running chain: a rate held, a burst, a staircase of rates.

Standard library alone, and nothing of the product: `before.py` lays this file into an earlier release's tree.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

BURST = float("inf")
WARM_UP = 500  # leads
KEEPS_UP = 1000.0  # milliseconds after it was due in which 99 of 100 leads must have arrived
STEPS = (50, 100, 200, 300, 400, 600, 800, 1000, 1200, 1600, 2000, 2400, 3200)  # leads/s
PATIENCE = 600.0  # seconds: the slowest peer takes sixteen of a burst's leads a second on a slow machine


class Seen(Protocol):
    """Notes when leads come by at the end of a chain."""

    seen: dict[str, float]

    async def all_of(self, keys: Collection[str], seconds: float) -> float:
        """Wait for every key; return when the last came (`time.perf_counter`)."""
        ...


class Meter(Protocol):
    """Counts CPU."""

    def lap(self) -> dict[str, float]:
        """Return the CPU seconds by process since the last look."""
        ...


class Side(Protocol):
    """A running chain: takes leads, and is observed at its end."""

    @property
    def observer(self) -> Seen:
        """What sees the leads arrive."""
        ...

    async def send(self, leads: int, rate: float) -> Mapping[str, float]:
        """Send leads at a rate; return when each was due, by event key."""
        ...

    def meter(self) -> Meter:
        """Return a meter of everything that runs."""
        ...


@dataclass(frozen=True, slots=True)
class Hold:
    """A rate held for a while. Latencies are sorted milliseconds, `cpu` is seconds by process."""

    rate: float
    leads: int
    seconds: float
    latencies: Sequence[float]
    cpu: Mapping[str, float]

    def at(self, share: float) -> float:
        """Return the latency below which this share of the leads lies."""
        return self.latencies[min(int(len(self.latencies) * share), len(self.latencies) - 1)]

    @property
    def keeps_up(self) -> bool:
        """Return whether nothing piled up."""
        return self.at(0.99) <= KEEPS_UP

    @property
    def per_second(self) -> float:
        """Return the leads a second that arrived: the rate of a burst."""
        return self.leads / self.seconds

    @property
    def cpu_ms(self) -> float:
        """Return the CPU milliseconds of a lead, of all processes."""
        return 1000 * sum(self.cpu.values()) / self.leads


async def hold(side: Side, rate: float, leads: int) -> Hold:
    """Send leads at a rate and wait until all have arrived. Raises TimeoutError when one is lost."""
    meter, started = side.meter(), time.perf_counter()
    due = await side.send(leads, rate)
    last = await side.observer.all_of(due, PATIENCE)
    latencies = sorted(1000 * (side.observer.seen[key] - moment) for key, moment in due.items())
    return Hold(rate, leads, last - started, latencies, meter.lap())


async def warm_up(side: Side, leads: int = WARM_UP) -> None:
    """Bring caches, connections and compilers to where they stay."""
    await hold(side, BURST, leads)
    await hold(side, STEPS[0], max(1, leads // 10))


async def climb(side: Side, seconds: float, steps: Sequence[float] = STEPS) -> Sequence[Hold]:
    """Hold one rate after the other until one piles up twice; that one is the last of the answer."""
    held: list[Hold] = []
    for rate in steps:
        leads = max(1, int(rate * seconds))
        step = await hold(side, rate, leads)
        held.append(step if step.keeps_up else await hold(side, rate, leads))
        if not held[-1].keeps_up:
            break
    return held


def sustained(held: Sequence[Hold]) -> float:
    """Return the highest rate of a staircase that was kept up with (none: 0)."""
    return max((step.rate for step in held if step.keeps_up), default=0.0)
