"""The order of a timeline: a step follows its cause; ties are ordered by time, then by arrival."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import heappop, heappush
from itertools import pairwise
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Step:
    """The fields that determine the order. `sequence` counts in the owner's stream of the subject's key.

    Steps without one, which are our own and those of another subject, count by `id`.
    """

    id: int
    event_id: UUID
    causation_id: UUID | None
    owner: str
    sequence: int | None
    time: datetime


def ordered(steps: Sequence[Step]) -> list[Step]:
    """Return the steps so that causes precede consequences and each owner's steps keep their sequence.

    Among the steps that can come next the earliest is first. Steps in a cycle of causes are ordered by time.
    """
    waiting, followers = _edges(steps)
    ready: list[tuple[datetime, int]] = []
    by_id = {step.id: step for step in steps}
    for step in steps:
        if not waiting[step.id]:
            heappush(ready, (step.time, step.id))
    found: list[Step] = []
    while ready:
        _, number = heappop(ready)
        found.append(by_id.pop(number))
        for follower in followers[number]:
            waiting[follower] -= 1
            if not waiting[follower]:
                heappush(ready, (by_id[follower].time, follower))
    return found + sorted(by_id.values(), key=lambda step: (step.time, step.id))


def _edges(steps: Sequence[Step]) -> tuple[dict[int, int], dict[int, list[int]]]:
    """Return for each step the number of steps before it, and the steps directly after it."""
    waiting: dict[int, int] = defaultdict(int)
    followers: dict[int, list[int]] = defaultdict(list)
    by_event = {step.event_id: step.id for step in steps}

    def after(first: int, second: int) -> None:
        followers[first].append(second)
        waiting[second] += 1

    streams: dict[tuple[str, bool], list[Step]] = defaultdict(list)
    for step in steps:
        streams[step.owner, step.sequence is None].append(step)
        cause = by_event.get(step.causation_id) if step.causation_id is not None else None
        if cause is not None and cause != step.id:
            after(cause, step.id)
    for stream in streams.values():
        stream.sort(key=lambda step: (step.id if step.sequence is None else step.sequence, step.id))
        for first, second in pairwise(stream):
            after(first.id, second.id)
    return waiting, followers
