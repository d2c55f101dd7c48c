"""`python -m tests.bench`: measure the shipped app on servers of its own and write docs/benchmarks.md."""

from __future__ import annotations

import argparse
import logging
import os
import shlex
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import assert_never

import uvloop

from libs.common.platform.telemetry.logs import configure_logging
from tests.bench import accept, messages, pipes
from tests.bench.bare import bare_chain_on
from tests.bench.chain import measure_latency, measure_rate
from tests.bench.desk import OPERATORS
from tests.bench.figures import Part
from tests.bench.product import product_on
from tests.bench.report import all_agree, describe, render
from tests.bench.servers import Servers, running_servers

DOCUMENT = Path(__file__).parents[2] / "docs" / "benchmarks.md"


class Name(StrEnum):
    """The parts, in their order."""

    ACCEPT = "accept"
    LATENCY = "latency"
    CHAIN = "chain"
    MESSAGES = "messages"
    PIPES = "pipes"


@dataclass(frozen=True, slots=True)
class Size:
    """How long everything takes: seconds of a load, rounds, and how much is sent."""

    seconds: float
    rounds: int
    latency_seconds: float
    burst: int
    intents: int
    events: int


FULL = Size(seconds=4, rounds=3, latency_seconds=20, burst=6000, intents=4000, events=60_000)
QUICK = Size(seconds=1.5, rounds=1, latency_seconds=4, burst=1500, intents=600, events=10_000)
ACCOUNTS = 16


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", default=",".join(Name), help="parts, with commas between (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="short loads: proves the tool, measures badly")
    parser.add_argument("--output", type=Path, help="where the report goes (a full run: docs/benchmarks.md)")
    parser.add_argument("--note", default="", help="a sentence for the report, about this run")
    return parser.parse_args(argv)


async def run(names: Sequence[Name], size: Size, command: str, note: str) -> tuple[str, bool]:
    """Measure the parts; return the report, and whether all rows were found."""
    load_before = os.getloadavg()[0]
    async with running_servers() as servers:
        parts = []
        async for part in _parts(servers, names, size):
            print(render([part], {}, ""), file=sys.stderr, flush=True)
            parts.append(part)
        setting = await describe(servers.postgres.url, command, load_before)
        return render(parts, setting, note), all_agree(parts)


async def _parts(servers: Servers, names: Sequence[Name], size: Size) -> AsyncIterator[Part]:
    for name in names:
        match name:
            case Name.ACCEPT:
                yield await accept.measure(servers, seconds=size.seconds, rounds=size.rounds)
            case Name.LATENCY:
                async with product_on(servers, "latency") as product, bare_chain_on(servers, "steady") as bare:
                    yield await measure_latency(product, bare, size.latency_seconds, OPERATORS)
            case Name.CHAIN:
                async with product_on(servers, "chain") as product, bare_chain_on(servers, "baseline") as bare:
                    yield await measure_rate(
                        product, bare, burst=size.burst, seconds=2 * size.seconds, rounds=size.rounds
                    )
            case Name.MESSAGES:
                yield await messages.measure(servers, accounts=ACCOUNTS, intents=size.intents)
            case Name.PIPES:
                yield await pipes.measure(servers, events=size.events, rounds=size.rounds)
            case _:
                assert_never(name)


def main(argv: Sequence[str]) -> int:
    """Return 0 when all was measured and counted, 1 when rows are missing."""
    options = _arguments(argv)
    configure_logging("bench", "ERROR")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    names = [Name(name) for name in options.only.split(",")]
    command = shlex.join(["python", "-m", "tests.bench", *argv]) if argv else "make bench"
    report, complete = uvloop.run(run(names, QUICK if options.quick else FULL, command, options.note))
    full = not options.quick and set(names) == set(Name)
    if output := options.output or (DOCUMENT if full else None):
        output.write_text(report)
    else:
        print(report)
    return 0 if complete else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
