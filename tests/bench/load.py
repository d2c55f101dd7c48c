"""A closed-loop load as a process of its own.

`python -m tests.bench.load <port> <connections> <seconds> <path> <headers JSON> <tag>` prints one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass
from itertools import count

import uvloop

from tests.bench.client import Connection, Target, connections, order_body


@dataclass(frozen=True, slots=True)
class Tally:
    """What one load saw. `rate` is answers a second; latencies are milliseconds."""

    statuses: dict[str, int]
    rate: float
    p50_ms: float
    p95_ms: float


async def closed_loop(target: Target, at_once: int, seconds: float, tag: str) -> Tally:
    """Keep `at_once` connections busy for `seconds`."""
    statuses: dict[str, int] = {}
    took: list[float] = []
    began = time.perf_counter()

    async def work(connection: Connection, number: int) -> None:
        for n in count():
            sent = time.perf_counter()
            if sent >= began + seconds:
                return
            reply = await connection.post(order_body(f"{tag}-{number}-{n}", n))
            took.append(time.perf_counter() - sent)
            statuses[str(reply.status)] = statuses.get(str(reply.status), 0) + 1

    async with connections(target, at_once) as opened:
        began = time.perf_counter()
        await asyncio.gather(*(work(connection, number) for number, connection in enumerate(opened)))
    passed = time.perf_counter() - began
    took.sort()
    return Tally(statuses, len(took) / passed, 1000 * took[len(took) // 2], 1000 * took[int(len(took) * 0.95)])


async def run_load(target: Target, at_once: int, seconds: float, tag: str) -> Tally:
    """Run `closed_loop` in a process of its own and return what it saw."""
    arguments = [str(target.port), str(at_once), str(seconds), target.path, json.dumps(dict(target.headers)), tag]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.load", *arguments, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"the load of {tag} ended with {process.returncode}")
    return Tally(**json.loads(output))


def main() -> None:
    port, at_once, seconds, path, headers, tag = sys.argv[1:]
    target = Target(int(port), path, json.loads(headers))
    print(json.dumps(asdict(uvloop.run(closed_loop(target, int(at_once), float(seconds), tag)))))


if __name__ == "__main__":
    main()
