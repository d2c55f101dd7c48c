import time
from collections.abc import Collection, Mapping
from itertools import count

import pytest

from tests.bench.breakdown import breakdown
from tests.bench.spine import Hold, climb, hold, sustained


class Counted:
    """Sees every lead as late as it is said to be, and costs 2 ms of CPU each."""

    def __init__(self, late: float = 0.0) -> None:
        self.seen: dict[str, float] = {}
        self.late, self.numbers, self.leads = late, count(), 0

    @property
    def observer(self) -> "Counted":
        return self

    async def all_of(self, keys: Collection[str], seconds: float) -> float:
        return max(self.seen[key] for key in keys)

    async def send(self, leads: int, rate: float) -> Mapping[str, float]:
        now, slow = time.perf_counter(), rate >= 300
        due = {f"lead:{next(self.numbers)}": now for _ in range(leads)}
        self.seen |= dict.fromkeys(due, now + (2 if slow else self.late))
        self.leads = leads
        return due

    def meter(self) -> "Counted":
        return self

    def lap(self) -> dict[str, float]:
        return {"tasks-worker": 0.002 * self.leads}


async def test_a_hold_gives_latency_and_cpu_of_a_lead() -> None:
    held = await hold(Counted(0.05), 20, 40)
    assert held.at(0.99) == pytest.approx(50)
    assert held.cpu_ms == pytest.approx(2)


async def test_the_staircase_ends_at_the_first_rate_that_piles_up() -> None:
    held = await climb(Counted(), 0.1, (50, 100, 200, 300, 400))
    assert ([step.rate for step in held], sustained(held)) == ([50, 100, 200, 300], 200)


async def test_a_chain_that_keeps_up_with_no_rate_sustains_none() -> None:
    assert sustained(await climb(Counted(), 0.1, (300, 400))) == 0


def burst(**cpu: float) -> Hold:
    """A hold of 1,000 leads: seconds by process are milliseconds of a lead."""
    return Hold(float("inf"), 1000, 1.0, [1.0], {name.replace("_", ", "): value for name, value in cpu.items()})


def test_the_pieces_of_the_limit_add_up_to_the_burst() -> None:
    whole = burst(kafka=0.4, tasks=0.9, api=0.3, postgres_tasks=0.7, load=0.1)
    hops, accept = burst(kafka=0.1, hop=0.05, postgres_x=0.06), burst(api=0.3, postgres_tasks=0.1)
    _, limit = breakdown([whole], [whole], [hops], accept)
    figures = {row[0]: float(row[1]) for row in limit.rows}
    assert figures.pop("**all**") == pytest.approx(2.4)
    assert sum(figures.values()) == pytest.approx(2.4, abs=0.005)


def test_the_least_is_scaled_by_what_the_bare_chain_takes_here() -> None:
    one = burst(kafka=0.42)
    _, limit = breakdown([one], [one], [one], burst(api=0.0))
    assert {row[0]: row[2] for row in limit.rows}["accept"] == "0.860"
