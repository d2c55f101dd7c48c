"""The accept route of the shipped intake against the frozen baseline."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from deploy.local.ports import free_port
from libs.common.testkit.database import empty_database
from tests.bench.client import Target
from tests.bench.cpu import CpuMeter
from tests.bench.desk import make_source
from tests.bench.figures import Count, Goal, Part, Table, median, short, spread
from tests.bench.load import run_load
from tests.bench.product import product_on, running_processes
from tests.bench.servers import Servers, count

WIDTHS = {32: 1.0, 4: 0.85}  # connections -> goal
WHEN_SET = {32: "0.84–1.02 ×", 4: "0.69–0.74 ×"}
WARM_UP = 2.0
READY_LOOKS = 200
HOW = (
    "The shipped intake API process, all middleware on (authenticity, limits, parsing, customer, lead, order, raw"
    " delivery and event in one statement, commit, 202, request log), against `tests/bench/baseline.py` (FastAPI, a"
    " pydantic parameter, one asyncpg statement of two inserts, no log), each alone under the closed loop of"
    " another process: {rounds} rounds of {seconds:g} s in turn after a warm-up. The goal is on the medians."
)


@dataclass
class Server:
    """One of the two, and what its loads saw by number of connections."""

    name: str
    target: Target
    pid: int
    accepted: int = 0
    refused: int = 0
    rates: dict[int, list[float]] = field(default_factory=dict)
    latencies: dict[int, list[tuple[float, float]]] = field(default_factory=dict)
    cpu: dict[int, list[tuple[float, float]]] = field(default_factory=dict)

    async def load(
        self, postgres: int | None, connections: int, seconds: float, tag: str, *, counted: bool = True
    ) -> None:
        """Load it; rates of a warm-up are not kept, its rows are counted all the same."""
        meter = CpuMeter({"self": self.pid}, postgres)
        tally = await run_load(self.target, connections, seconds, tag)
        spent, done = meter.lap(), tally.statuses.get("202", 0)
        self.accepted += done
        self.refused += sum(tally.statuses.values()) - done
        if counted:
            self.rates.setdefault(connections, []).append(tally.rate)
            self.latencies.setdefault(connections, []).append((tally.p50_ms, tally.p95_ms))
            own, whole = spent.get("self", 0.0), sum(spent.values())
            self.cpu.setdefault(connections, []).append((1000 * own / done, 1000 * (whole - own) / done))

    def row(self, connections: int) -> Sequence[str]:
        """Return the row of the report."""
        latency = " / ".join(f"{median(values):.1f}" for values in zip(*self.latencies[connections], strict=True))
        cost = " + ".join(f"{median(values):.2f}" for values in zip(*self.cpu[connections], strict=True))
        return self.name, str(connections), spread(self.rates[connections]), latency, cost


async def measure(servers: Servers, *, seconds: float, rounds: int) -> Part:
    """Load both in turn, the first of a round alternating."""
    postgres, _ = servers.pids()
    async with _baseline(servers) as (baseline, baseline_url), _intake(servers) as (intake, intake_url):
        for server in (baseline, intake):
            await server.load(postgres, 32, WARM_UP, f"warm-{server.name}", counted=False)
        for number in range(rounds):
            for connections in WIDTHS:
                for server in (baseline, intake) if number % 2 else (intake, baseline):
                    await server.load(postgres, connections, seconds, f"{server.name}-{number}-{connections}")
        counts = [
            Count(
                "baseline: leads",
                baseline.accepted,
                await count(baseline_url, "SELECT count(*) FROM baseline_lead"),
            ),
            Count("intake: leads", intake.accepted, await count(intake_url, "SELECT count(*) FROM intake.lead")),
            Count("intake: events", intake.accepted, await count(intake_url, "SELECT count(*) FROM intake.outbox")),
            Count("answers other than 202", 0, baseline.refused + intake.refused),
        ]
    goals = [
        Goal(
            f"accept at {width} connections against the frozen baseline",
            median(intake.rates[width]) / median(baseline.rates[width]),
            wanted,
            "×",
            before=WHEN_SET[width],
        )
        for width, wanted in WIDTHS.items()
    ]
    head = (
        "server",
        "connections",
        "answers/s min / median / max",
        "p50 / p95 ms",
        "CPU ms per order, process + PostgreSQL",
    )
    table = Table(head, [server.row(width) for width in WIDTHS for server in (baseline, intake)])
    return Part("Accept", HOW.format(rounds=short(rounds), seconds=seconds), [table], goals, counts)


@asynccontextmanager
async def _baseline(servers: Servers) -> AsyncIterator[tuple[Server, str]]:
    async with empty_database(servers.postgres.url) as url:
        port = free_port()
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.bench.baseline", url, str(port))
        try:
            await _answers(port)
            yield Server("baseline", Target(port, "/orders"), process.pid), url
        finally:
            process.send_signal(signal.SIGTERM)
            await process.wait()


@asynccontextmanager
async def _intake(servers: Servers) -> AsyncIterator[tuple[Server, str]]:
    async with product_on(servers, "accept") as product, running_processes(product.stack, "intake-api"):
        target = await make_source(product.stack)
        pid = product.stack.children.pids()["intake-api"]
        yield Server("intake", target, pid), product.stack.database.admin_url


async def _answers(port: int) -> None:
    async with httpx.AsyncClient() as client:
        for _ in range(READY_LOOKS):
            try:
                await client.get(f"http://127.0.0.1:{port}/openapi.json")
            except httpx.HTTPError:
                await asyncio.sleep(0.1)
            else:
                return
    raise TimeoutError("the baseline does not answer")
