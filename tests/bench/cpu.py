"""CPU seconds by process: ours by name, PostgreSQL's by the role that its backend serves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

import psutil

from libs.common.platform.db.roles import SERVICES, role_of
from tests.bench.figures import Table

BACKGROUND = "postgres, background"


class Backend(NamedTuple):
    """A server process and whom it serves."""

    pid: int
    role: str


class CpuMeter:
    """Counts the CPU of named processes between two looks; what has no process id is not counted."""

    def __init__(self, processes: Mapping[str, int | None], postgres: int | None) -> None:
        self._processes = {name: psutil.Process(pid) for name, pid in processes.items() if pid is not None}
        self._postmaster = None if postgres is None else psutil.Process(postgres)
        self._named, self._backends, self._reaped = self._look()

    def lap(self) -> dict[str, float]:
        """Return the CPU seconds of each since the last look, those of nought left out.

        What backends that have ended used up is counted as background: their role is no longer known.
        """
        named, backends, reaped = self._look()
        spent = defaultdict(float, {name: value - self._named[name] for name, value in named.items()})
        for backend, seconds in backends.items():
            spent[backend.role] += seconds - self._backends.get(backend, 0.0)
        ended = sum(seconds for backend, seconds in self._backends.items() if backend not in backends)
        spent[BACKGROUND] += max(0.0, reaped - self._reaped - ended)
        self._named, self._backends, self._reaped = named, backends, reaped
        return {name: seconds for name, seconds in spent.items() if seconds > 0.005}

    def _look(self) -> tuple[Mapping[str, float], Mapping[Backend, float], float]:
        named = {name: _own(process) for name, process in self._processes.items()}
        if self._postmaster is None:
            return named, {}, 0.0
        times = self._postmaster.cpu_times()
        backends = {}
        for process in self._postmaster.children():
            with suppress(psutil.NoSuchProcess):
                backends[Backend(process.pid, _role(process.cmdline()))] = _own(process)
        return named, backends, times.user + times.system + times.children_user + times.children_system


def _own(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _role(command_line: list[str]) -> str:
    title = " ".join(command_line)
    owners = (service for service in SERVICES if role_of(service) in title)
    service = next(owners, None)
    if service is None:
        return BACKGROUND if "[local]" not in title else "postgres, other clients"
    return f"postgres, {service}"


def cpu_table(spent: Mapping[str, float], thousands: float, seconds: float, title: str) -> Table:
    """Return the split: seconds per 1,000 units, and the share of one core."""
    total = sum(spent.values())
    rows = [
        (name, f"{value / thousands:.3f}", f"{100 * value / seconds:.0f} %", f"{100 * value / total:.0f} %")
        for name, value in sorted(spent.items(), key=lambda item: -item[1])
    ]
    rows.append(("**all**", f"{total / thousands:.3f}", f"{100 * total / seconds:.0f} %", "100 %"))
    return Table(("process", "CPU s per 1,000", "of one core", "share"), rows, title)
