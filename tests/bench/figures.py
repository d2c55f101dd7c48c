"""What a part of the benchmark hands to the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure that was promised. `at_most` turns the comparison round (latencies).

    `before` is what it was when the goals were set, on one machine.
    """

    what: str
    measured: float
    wanted: float
    unit: str = ""
    at_most: bool = False
    before: str = "–"

    @property
    def reached(self) -> bool:
        """Return whether the figure is as good as wanted."""
        return self.measured <= self.wanted if self.at_most else self.measured >= self.wanted


@dataclass(frozen=True, slots=True)
class Count:
    """Rows counted afterwards against what was sent: they must agree."""

    what: str
    expected: int
    found: int

    @property
    def agrees(self) -> bool:
        """Return whether nothing was lost and nothing was made up."""
        return self.expected == self.found


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the report; cells are ready texts."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One part's results. `how` says in a sentence or two what was done."""

    title: str
    how: str
    tables: Sequence[Table]
    goals: Sequence[Goal] = field(default_factory=tuple)
    counts: Sequence[Count] = field(default_factory=tuple)


def spread(values: Sequence[float]) -> str:
    """Return `min / median / max` of rounds, in thousands where they are many."""
    ordered = sorted(values)
    return " / ".join(short(value) for value in (ordered[0], median(ordered), ordered[-1]))


def median(values: Sequence[float]) -> float:
    """Return the middle value (the mean of the two middle ones)."""
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def short(value: float) -> str:
    """Return a rate as people write it: 8,427 or 12.3."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
