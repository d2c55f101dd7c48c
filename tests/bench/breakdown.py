"""What a lead's CPU goes to, process by process and piece by piece, against the least that this design can cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.bench.figures import Table, median
from tests.bench.spine import Hold

KAFKA, LOAD, POSTGRES = "kafka", ("load and observer", "feed and observer"), "postgres, "
# Milliseconds of a lead in a burst that the review of performance held for the least, on the machine on which the
# bare chain took BARE; on another they are scaled by what it takes there.
LEAST: Mapping[str, float] = {"accept": 0.43, "load": 0.10, "hops": 0.20, "rows": 0.45, "Python": 0.40}
BARE = 0.21


def breakdown(alone: Sequence[Hold], burst: Sequence[Hold], bare: Sequence[Hold], accept: Hold) -> Sequence[Table]:
    """Return the table of processes (20/s and burst), and that of the limit's pieces."""
    return by_process(alone, burst), _limit(burst, bare, accept)


def by_process(alone: Sequence[Hold], burst: Sequence[Hold]) -> Table:
    """Return the table of processes: milliseconds of a lead at 20/s and in a burst."""
    at_twenty, flooded = _per_lead(alone), _per_lead(burst)
    names = sorted({*at_twenty, *flooded}, key=lambda name: -flooded.get(name, 0.0))
    rows = [(name, f"{at_twenty.get(name, 0.0):.2f}", f"{flooded.get(name, 0.0):.3f}") for name in names]
    rows.append(("**all**", f"{sum(at_twenty.values()):.2f}", f"{sum(flooded.values()):.3f}"))
    return Table(("process", "ms of a lead at 20/s", "in a burst"), rows, "CPU by process")


def _limit(burst: Sequence[Hold], bare: Sequence[Hold], accept: Hold) -> Table:
    """Split the burst's cost; the pieces add up to all of it.

    Accept is what the accept route and its PostgreSQL took alone, hops all that the bare chain takes; rows are what
    PostgreSQL took beyond both, Kafka and Python what the broker and our workers took beyond the bare chain's.
    """
    whole, hops, alone = _kinds(_per_lead(burst)), _kinds(_per_lead(bare)), _kinds(_per_lead([accept]))
    pieces = {
        "accept": alone["Python"] + alone["rows"],
        "load": whole["load"],
        "hops": sum(hops.values()) - hops["load"],
        "rows": whole["rows"] - hops["rows"] - alone["rows"],
        "Kafka beyond the hops": whole["Kafka"] - hops["Kafka"],
        "Python": whole["Python"] - hops["Python"] - alone["Python"],
    }
    scale = sum(hops.values()) / BARE
    rows = [_row(name, spent, scale * LEAST.get(name, 0.0)) for name, spent in pieces.items()]
    rows.append(_row("**all**", sum(pieces.values()), scale * sum(LEAST.values())))
    title = f"The least of this design (the review's estimate × {scale:.2f}, by the bare chain), and what is above"
    return Table(("piece of a burst's lead", "ms", "least", "still above"), rows, title)


def _row(name: str, spent: float, least: float) -> Sequence[str]:
    return name, f"{spent:.3f}", f"{least:.3f}", f"{spent - least:+.3f}"


def _per_lead(holds: Sequence[Hold]) -> Mapping[str, float]:
    """Return the median milliseconds of a lead by process."""
    names = {name for one in holds for name in one.cpu}
    return {name: median([1000 * one.cpu.get(name, 0.0) / one.leads for one in holds]) for name in names}


def _kinds(spent: Mapping[str, float]) -> Mapping[str, float]:
    """Add up by kind of process."""
    kinds = dict.fromkeys(("load", "rows", "Kafka", "Python"), 0.0)
    for name, value in spent.items():
        kinds[_kind(name)] += value
    return kinds


def _kind(name: str) -> str:
    if name in LOAD:
        return "load"
    if name.startswith(POSTGRES):
        return "rows"
    return "Kafka" if name == KAFKA else "Python"
