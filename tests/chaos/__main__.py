"""`make chaos N=…`: N random kills in one long run; `day school`: a day, each hour of which kills everything."""

import argparse
import asyncio
import logging
import random
import secrets
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

from deploy.demo.day.balance import numbers
from tests.chaos.day import day_under_kills
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
STEP_OF_DAY = timedelta(minutes=5)


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


async def _day(orders: int, seed: int) -> int:
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="dozvon-chaos-") as folder:
        day, wrong = await day_under_kills(Path(folder), orders, STEP_OF_DAY, seed, say)
    for name, value in numbers(day).items():
        say(f"{name:>10} {value}")
    say(f"{time.monotonic() - started:.0f} s, {len(wrong)} violations")
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
    day = parser.add_subparsers(dest="what").add_parser("day", help="a desk's day; each hour kills everything")
    day.add_argument("desk", choices=["school"])
    day.add_argument("--orders", type=int, default=300)
    options = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a broker that is killed is no news here
    if options.what == "day":
        return asyncio.run(_day(options.orders, options.seed))
    return asyncio.run(_run(options.rounds, options.seed))


if __name__ == "__main__":
    sys.exit(main())
