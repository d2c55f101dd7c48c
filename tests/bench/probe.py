"""`python -m tests.bench.probe LEADS SECONDS STEPS`: the chain of the tree that it lies in, on servers of its own.

Prints one line of JSON, a `Reading`. `before.py` runs it here, and laid into an earlier release's tree: it uses
what both have.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import uvloop

from tests.bench.product import product_on
from tests.bench.servers import running_servers
from tests.bench.spine import BURST, WARM_UP, climb, hold, sustained, warm_up


@dataclass(frozen=True, slots=True)
class Reading:
    """A chain's burst, CPU milliseconds of a lead in it, and the highest rate kept up with (leads/s)."""

    burst: float
    cpu_ms: float
    sustained: float
    latency_ms: tuple[float, float]


async def probe(leads: int, seconds: float, steps: Sequence[float]) -> Reading:
    """Run the product of this tree: a burst, 20 leads/s, the staircase."""
    async with running_servers() as servers, product_on(servers, "probe") as product, product.running() as side:
        await warm_up(side, min(leads, WARM_UP))
        flood = await hold(side, BURST, leads)
        alone = await hold(side, 20, int(20 * seconds))
        held = await climb(side, seconds, steps)
        return Reading(flood.per_second, flood.cpu_ms, sustained(held), (alone.at(0.5), alone.at(0.99)))


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    reading = uvloop.run(
        probe(int(sys.argv[1]), float(sys.argv[2]), [float(step) for step in sys.argv[3].split(",")])
    )
    sys.stdout.write(json.dumps(asdict(reading)) + "\n")
