"""`python -m tests.bench`: measure the shipped app on servers of its own and write docs/benchmarks.md."""

from __future__ import annotations

import argparse
import logging
import os
import shlex
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import assert_never

import uvloop

from libs.common.platform.telemetry.logs import configure_logging
from tests.bench import accept, before, chain, filled, idle, messages, nexts, pipes, read, streams, workers
from tests.bench.bare import bare_chain_on
from tests.bench.figures import Part
from tests.bench.kept import FOLDER
from tests.bench.peers import compare
from tests.bench.product import product_on
from tests.bench.report import all_agree, describe, render
from tests.bench.servers import Servers, running_servers
from tests.bench.sizes import EACH, FULL, QUICK, SMOKE, Name, Size, chosen

DOCUMENT = Path(__file__).parents[2] / "docs" / "benchmarks.md"
ACCOUNTS = 16
EVENTS = 20  # leads that happen while streams are open


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parts = ", ".join(Name)
    what = f"parts, with commas between, or `smoke`: what `make test` leaves out, tiny ({parts})"
    parser.add_argument("--only", default="", help=what)
    parser.add_argument("--quick", action="store_true", help="short loads: proves the tool, measures badly")
    parser.add_argument("--peers", type=_program, help="Python of the environment that has the peers' libraries")
    parser.add_argument("--output", type=Path, help="where the report goes (a full run: docs/benchmarks.md)")
    parser.add_argument("--note", default="", help="a sentence for the report, about this run")
    return parser.parse_args(argv)


def _program(text: str) -> Path:
    return Path(text).absolute()


async def run(names: Sequence[Name], size: Size, peers: Path | None, command: str, note: str) -> tuple[str, bool]:
    """Measure the parts; return the report, and whether all rows were found."""
    load_before, began = os.getloadavg()[0], time.monotonic()
    async with running_servers() as servers:
        parts = []
        async for part in measured(servers, names, size, peers):
            print(render([part], {}, ""), file=sys.stderr, flush=True)
            parts.append(part)
        setting = await describe(servers.postgres.url, command, load_before)
        took = {"took": f"{time.monotonic() - began:.0f} s"}
        return render(parts, {**setting, **took}, note), all_agree(parts)


async def measured(servers: Servers, names: Sequence[Name], size: Size, peers: Path | None) -> AsyncIterator[Part]:
    """Measure one part after the other; each says how long it took."""
    for name in names:
        began = time.monotonic()
        part = await measure(servers, name, size, peers)
        yield replace(part, how=f"{part.how} ({time.monotonic() - began:.0f} s)")


async def measure(servers: Servers, name: Name, size: Size, peers: Path | None) -> Part:  # noqa: C901 - flat cases
    """Measure one part."""
    match name:
        case Name.ACCEPT:
            return await accept.measure(servers, seconds=size.accept_seconds, rounds=size.rounds)
        case Name.CHAIN | Name.LATENCY:
            load = size.chain if name is Name.CHAIN else size.latency
            async with product_on(servers, name) as product, bare_chain_on(servers, name) as bare:
                return await chain.measure(product, bare, load)
        case Name.MESSAGES:
            return await messages.measure(servers, accounts=ACCOUNTS, intents=size.intents)
        case Name.PIPES:
            return await pipes.measure(servers, events=size.events, rounds=size.rounds)
        case Name.WORKERS:
            rounds = min(2, size.rounds)
            return await workers.measure(
                servers, leads=size.burst, seconds=size.seconds, rounds=rounds, warm=size.warm_up
            )
        case Name.IDLE:
            settled = min(idle.SETTLED, size.seconds)
            return await idle.measure(servers, size.seconds, settled=settled, leads=size.burst)
        case Name.STREAMS:
            return await streams.measure(servers, streams=size.streams, leads=EVENTS, seconds=size.seconds)
        case Name.READ:
            return await read.measure(servers, leads=size.year, rounds=size.reads)
        case Name.NEXT:
            return await nexts.measure(
                servers, managers=size.managers, seconds=4 * size.seconds, together=size.together
            )
        case Name.PEERS:
            return await _peers(servers, size, peers)
        case Name.BEFORE:
            return await before.measure(size.burst, size.chain.step, size.chain.steps)
        case Name.FILLED:
            rounds, keep = min(2, size.rounds), FOLDER if size.keeps else None
            return await filled.measure(
                servers,
                leads=size.year,
                burst=size.burst,
                seconds=size.seconds,
                rounds=rounds,
                warm=size.warm_up,
                keep=keep,
            )
        case _:
            assert_never(name)


async def _peers(servers: Servers, size: Size, python: Path | None) -> Part:
    if python is None:
        return Part(compare.TITLE, "Not measured: `make bench` makes the environment that the peers need.", ())
    return await compare.measure(servers, python, leads=size.chain.burst, seconds=size.seconds, warm=size.warm_up)


def main(argv: Sequence[str]) -> int:
    """Return 0 when all was measured and counted, 1 when rows are missing."""
    options = _arguments(argv)
    configure_logging("bench", "ERROR")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    names, smoke = chosen(options.only)
    size = SMOKE if smoke else QUICK if options.quick else FULL
    command = shlex.join(["python", "-m", "tests.bench", *argv]) if options.only or options.quick else "make bench"
    report, complete = uvloop.run(run(names, size, options.peers, command, options.note))
    full = size is FULL and tuple(names) == EACH
    if output := options.output or (DOCUMENT if full else None):
        output.write_text(report)
    else:
        print(report)
    return 0 if complete else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
