"""The parts of the benchmark, and how long each takes: in full, quickly, and tiny, which proves the tool alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from tests.bench.chain import Load


class Name(StrEnum):
    """The parts, in their order. The chain measures latency too; apart it is longer, and without the staircase."""

    ACCEPT = "accept"
    CHAIN = "chain"
    LATENCY = "latency"
    MESSAGES = "messages"
    PIPES = "pipes"
    WORKERS = "workers"
    IDLE = "idle"
    STREAMS = "streams"
    READ = "read"
    NEXT = "next"
    PEERS = "peers"
    BEFORE = "before"
    FILLED = "filled"


#: What a run without names measures: everything once; of the past nothing, nor what takes minutes to fill.
EACH = tuple(name for name in Name if name not in (Name.LATENCY, Name.BEFORE, Name.FILLED))
SMOKE_WORD = "smoke"
#: What `make test` leaves out of its own smoke: these need an environment of their own, or commits of before.
APART = (Name.PEERS, Name.BEFORE)


@dataclass(frozen=True, slots=True)
class Size:
    """How much is sent, how many rounds, and for how many seconds."""

    accept_seconds: float
    rounds: int
    chain: Load
    latency: Load
    intents: int
    events: int
    burst: int
    seconds: float
    warm_up: int
    streams: int = 1000
    year: int = 1_000_000
    reads: int = 20
    managers: int = 200
    together: int = 6
    keeps: bool = True  # full tables, in the checkout


FULL = Size(
    accept_seconds=4,
    rounds=3,
    chain=Load(steady=12, burst=3000, step=6, rounds=2, warm_up=500),
    latency=Load(steady=20, burst=3000, step=0, rounds=2, warm_up=500),
    intents=4000,
    events=40_000,
    burst=1500,
    seconds=15,
    warm_up=300,
)
QUICK = Size(
    accept_seconds=1.5,
    rounds=1,
    chain=Load(steady=4, burst=600, step=2, rounds=1, warm_up=100),
    latency=Load(steady=4, burst=600, step=0, rounds=1, warm_up=100),
    intents=400,
    events=5000,
    burst=300,
    seconds=4,
    warm_up=100,
    year=20_000,
    reads=5,
    together=2,
)
SMOKE = Size(
    accept_seconds=0.3,
    rounds=1,
    chain=Load(steady=0.5, burst=40, step=0.2, rounds=1, warm_up=20, steps=(50, 100)),
    latency=Load(steady=0.5, burst=40, step=0, rounds=1, warm_up=20),
    intents=32,
    events=3000,
    burst=40,
    seconds=1,
    warm_up=20,
    streams=40,
    year=400,
    reads=1,
    managers=20,
    together=1,
    keeps=False,
)


def chosen(words: str) -> tuple[Sequence[Name], bool]:
    """Return the parts that a list with commas names, and whether it is a smoke. Raises ValueError."""
    if not words:
        return EACH, False
    if words == SMOKE_WORD:
        return APART, True
    return tuple(Name(word) for word in words.split(",")), False
