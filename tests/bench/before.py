"""The same probe of the chain in an earlier release's tree: what became of its cost and its highest rate."""

from __future__ import annotations

import asyncio
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench.figures import Goal, Part, Table, short
from tests.bench.probe import Reading
from tests.bench.spine import STEPS

RELEASE = "46b1f97"  # the tree that the review of performance measured
ROOT = Path(__file__).parents[2]
LAID = ("spine.py", "probe.py")
HOW = (
    "Release {release} is exported from the history into a folder of its own; `tests/bench/probe.py` runs in it and"
    " then in this tree, the product on servers of its own each time: a burst of {leads:,} leads, 20/s, and the"
    " staircase in steps of {seconds:.0f} s."
)


async def measure(leads: int, seconds: float, steps: Sequence[float]) -> Part:
    """Probe both trees; a part without figures where the history does not reach back."""
    how = HOW.format(release=RELEASE, leads=leads, seconds=seconds)
    with tempfile.TemporaryDirectory(prefix="dozvon-before-") as folder:
        why = await asyncio.to_thread(export, Path(folder))
        if why:
            return Part(f"Before ({RELEASE})", f"Not measured: {why}.", ())
        then, now = [await _probe(tree, leads, seconds, steps) for tree in (Path(folder), ROOT)]
    head = ("", "burst, leads/s", "CPU ms of a lead", "sustained, leads/s", "p50 / p99 ms at 20/s")
    goals = [
        Goal(f"CPU of a lead in a burst against {RELEASE}", now.cpu_ms / then.cpu_ms, 0.6, "×", at_most=True),
        Goal(f"sustained against {RELEASE}", now.sustained / max(then.sustained, STEPS[0]), 2.0, "×"),
    ]
    table = Table(head, [_row(RELEASE, then), _row("this tree", now)])
    return Part(f"Before ({RELEASE})", how, [table], goals)


def export(folder: Path, release: str = RELEASE, root: Path = ROOT) -> str:
    """Write a release's tree into a folder, with the probe; return why it cannot be, or nothing."""
    command = ["/usr/bin/env", "git", "archive", "--format=zip", release]
    done = subprocess.run(command, cwd=root, capture_output=True, check=False)
    if done.returncode:
        return f"the history has no {release} ({done.stderr.decode(errors='replace').strip()})"
    with zipfile.ZipFile(io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder)
    for name in LAID:
        shutil.copy(Path(__file__).with_name(name), folder / "tests" / "bench" / name)
    return ""


async def _probe(tree: Path, leads: int, seconds: float, steps: Sequence[float]) -> Reading:
    """Run the probe in a tree. Raises RuntimeError with its last words when it fails."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.probe", str(leads), str(seconds), ",".join(map(str, steps)),
        cwd=tree, env={**os.environ, "PYTHONPATH": str(tree)},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, said = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"the probe of {tree} failed: {said.decode(errors='replace')[-2000:]}")
    return Reading(**json.loads(output.splitlines()[-1]))


def _row(name: str, reading: Reading) -> tuple[str, ...]:
    latency = " / ".join(f"{value:.0f}" for value in reading.latency_ms)
    return name, short(reading.burst), f"{reading.cpu_ms:.2f}", short(reading.sustained), latency
