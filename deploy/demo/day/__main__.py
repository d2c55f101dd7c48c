"""`python -m deploy.demo.day school --origin URL`: a day of the school against `make run`."""

import argparse
import asyncio
import sys
from datetime import timedelta
from typing import Any

import httpx

from deploy.demo.day.balance import faults, numbers
from deploy.demo.day.ground import Origin, asked
from deploy.demo.day.school import played
from deploy.demo.desk import SCHOOL


async def _play(origin: str, count: int, step: timedelta, seed: int) -> int:
    async with httpx.AsyncClient(base_url=origin) as client:
        info: dict[str, Any] = (await asked(client, "GET", "/dev/info")).raise_for_status().json()
        ground = Origin(client, f"http://127.0.0.1:{info['ports']['standins']}")
        source = info["school"]["source"]
        webhook = str(httpx.URL(source["url"]).copy_merge_params({"token": source["token"]}))
        day = await played(ground, info["token"], SCHOOL, webhook, count, step, seed)
    for name, value in numbers(day).items():
        say(f"{name:>10} {value}")
    wrong = faults(day)
    for line in wrong:
        say(f"  {line}")
    say("the books balance" if not wrong else f"{len(wrong)} faults")
    return 1 if wrong else 0


def say(line: str) -> None:
    """Print a line now."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m deploy.demo.day", description=__doc__)
    parser.add_argument("desk", choices=["school"])
    parser.add_argument("--origin", default="http://127.0.0.1:8000")
    parser.add_argument("--orders", type=int, default=300)
    parser.add_argument("--minutes", type=int, default=5, help="how far the clock goes at a time")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    return asyncio.run(_play(options.origin, options.orders, timedelta(minutes=options.minutes), options.seed))


if __name__ == "__main__":
    sys.exit(main())
