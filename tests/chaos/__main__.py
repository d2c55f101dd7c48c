"""`make chaos N=…`: N random kills in one long run, then the same checks as in the tests."""

import argparse
import asyncio
import random
import secrets
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from tests.chaos.run import TARGETS, broken_promises, chaos_run

_WORKER = ("relay.acked", "consumer.applied")
#: The points that a process comes by.
PLACES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "intake-api": ("intake.committed",),
        "intake-worker": _WORKER,
        "tasks-worker": (*_WORKER, "timers.claimed"),
        "assignment-worker": _WORKER,
        "notifications-worker": (*_WORKER, "sender.sent"),
    }
)
MOST_PASSES = {"timers.claimed": 3}  # one or more with each step of the clock
PASSES = 40


def anywhere(chance: random.Random) -> dict[str, str]:
    """Return a point for each process's first life, at a random pass."""
    chosen = {name: chance.choice(places) for name, places in PLACES.items()}
    return {name: f"{point}:{chance.randint(1, MOST_PASSES.get(point, PASSES))}" for name, point in chosen.items()}


async def _run(rounds: int, seed: int) -> int:
    chance = random.Random(seed)  # noqa: S311 - repeatable
    points, targets = anywhere(chance), [chance.choice(TARGETS) for _ in range(rounds)]
    say(f"seed {seed}: {', '.join(f'{name} dies at {point}' for name, point in points.items())}")
    say(f"then {', '.join(targets)}")
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="dozvon-chaos-") as folder:
        async with chaos_run(Path(folder), chance, points) as running:
            facts = await running.run(targets)
    wrong = broken_promises(facts)
    say(
        f"{len(points)} + {rounds} kills in {time.monotonic() - started:.0f} s,"
        f" {len(facts.answered.leads)} orders and {len(facts.answered.outcomes)} outcomes answered,"
        f" {len(wrong)} violations"
    )
    for line in wrong:
        say(f"  {line}")
    return 1 if wrong else 0


def say(line: str) -> None:
    """Print a line now."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    options = parser.parse_args()
    return asyncio.run(_run(options.rounds, options.seed))


if __name__ == "__main__":
    sys.exit(main())
