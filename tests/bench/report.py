"""docs/benchmarks.md: what was measured, where, how, and whether the goals are reached."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import asyncpg
import psutil

from deploy.local import kafka
from tests.bench.figures import Count, Goal, Part, Table, short

LIBRARIES = ("aiokafka", "asyncpg", "fastapi", "pydantic", "uvicorn", "uvloop")
JARS = Path(kafka.__file__).with_name("kafka.lock.json")
CPU_INFO = Path("/proc/cpuinfo")


async def describe(postgres_url: str, command: str, load_before: float) -> Mapping[str, str]:
    """Return the machine, the versions, the command and the date."""
    conn = await asyncpg.connect(postgres_url)
    try:
        postgres = await conn.fetchval("SHOW server_version")
    finally:
        await conn.close()
    memory = psutil.virtual_memory().total / 2**30
    return {
        "command": f"`{command}`",
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "machine": f"{_cpu()}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}",
        "load before the run": f"{load_before:.1f} runnable threads (the figures want a machine at rest)",
        "servers": f"PostgreSQL {postgres} (fsync and synchronous_commit on), Apache Kafka {_kafka()}, one broker",
        "Python": ", ".join([platform.python_version(), *(f"{name} {version(name)}" for name in LIBRARIES)]),
    }


def render(parts: Sequence[Part], setting: Mapping[str, str], note: str) -> str:
    """Return the document."""
    return "\n".join([*_head(setting, note), *_summary(parts), *(line for part in parts for line in _part(part))])


def all_agree(parts: Sequence[Part]) -> bool:
    """Return whether all rows were where they had to be."""
    return all(count.agrees for part in parts for count in part.counts)


def _head(setting: Mapping[str, str], note: str) -> Iterator[str]:
    yield "# Benchmarks"
    yield ""
    yield "Written by `make bench`. Load, servers and services share one machine, so ratios within a run count"
    yield "for more than absolute figures. Rows are counted after every part."
    yield ""
    yield from _table(Table(("", ""), list(setting.items())))
    if note:
        yield f"**Note:** {note}"
        yield ""


def _summary(parts: Sequence[Part]) -> Iterator[str]:
    goals = [goal for part in parts for goal in part.goals]
    if goals:
        yield "## Goals"
        yield ""
        yield from _table(Table(("goal", "when set", "measured", "wanted", ""), [_goal(goal) for goal in goals]))


def _goal(goal: Goal) -> Sequence[str]:
    sign = "≤" if goal.at_most else "≥"
    unit = f" {goal.unit}".rstrip()
    verdict = "reached" if goal.reached else "**not reached**"
    return (
        goal.what,
        goal.before,
        f"{_figure(goal.measured)}{unit}",
        f"{sign} {_figure(goal.wanted)}{unit}",
        verdict,
    )


def _figure(value: float) -> str:
    return short(value) if value >= 10 else f"{value:.2f}"


def _part(part: Part) -> Iterator[str]:
    yield f"## {part.title}"
    yield ""
    yield part.how
    yield ""
    for table in part.tables:
        if table.title:
            yield f"{table.title}:"
            yield ""
        yield from _table(table)
    if part.counts:
        yield "Counted afterwards: " + "; ".join(_count(count) for count in part.counts) + "."
        yield ""


def _count(count: Count) -> str:
    found = f"{count.what} {count.found:,}"
    return found if count.agrees else f"**{found}, expected {count.expected:,}**"


def _table(table: Table) -> Iterator[str]:
    yield f"| {' | '.join(table.head)} |"
    yield f"|{'---|' * len(table.head)}"
    for row in table.rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def _cpu() -> str:
    lines = CPU_INFO.read_text().splitlines() if CPU_INFO.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _kafka() -> str:
    jars = json.loads(JARS.read_text())
    return next(str(jar["version"]) for jar in jars if jar["artifact"] == "org.apache.kafka:kafka-clients")
