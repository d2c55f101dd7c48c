"""Lanes: the order in which `next` tries them, and the tasks that each holds (S1.1-S1.3, S4.5)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

from services.tasks.playbooks.model import Lane
from services.tasks.playbooks.terms import Title

MOST_ATTEMPTS = 1_000_000

Version: TypeAlias = tuple[str, int]  # of a playbook: its code, its number
Visits: TypeAlias = Mapping[tuple[str, str], datetime]  # by desk and lane: when `next` last gave a task of it


@dataclass(frozen=True, slots=True)
class Queue:
    """A lane of a desk, shared by the playbook versions that declare it identically."""

    desk: str
    zone: str
    lane: Lane
    versions: tuple[Version, ...]

    @property
    def playbooks(self) -> tuple[str, ...]:
        """The codes of the playbooks that share the queue."""
        return tuple(dict.fromkeys(code for code, _ in self.versions))


@dataclass(frozen=True, slots=True)
class Place:
    """The position of a task: the number of its queue, and its sort key there."""

    queue: int
    important: bool
    rank: int
    at: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class Bounds:
    """The limits of a lane now: leads received after, leads received until, number of unsuccessful attempts."""

    received_after: datetime | None
    received_until: datetime | None
    attempts: tuple[int, int]


def queues_of(lanes: Iterable[tuple[str, str, Version, Lane]]) -> list[Queue]:
    """Return the queues of all desks by priority; `lanes` are (desk, zone, version, lane)."""
    shared: dict[tuple[str, str, Lane], list[Version]] = {}
    for desk, zone, version, lane in lanes:
        shared.setdefault((desk, zone, lane), []).append(version)
    found = [Queue(desk, zone, lane, tuple(versions)) for (desk, zone, lane), versions in shared.items()]
    return sorted(found, key=lambda queue: (queue.lane.priority, queue.lane.code, queue.desk, queue.versions))


def bounds(queue: Queue, now: datetime) -> Bounds:
    """Return the limits of a queue now; days are those of the desk's zone."""
    lane, zone = queue.lane, queue.zone
    after: datetime | None = None
    until: datetime | None = None
    if lane.window is not None:
        after, until = now - lane.window[1], now - lane.window[0]
    if lane.days is not None:
        after = _later(after, _midnight(now, zone, lane.days[1]))
        until = _earlier(until, _midnight(now, zone, lane.days[0] - 1))
    return Bounds(after, until, lane.attempts or (0, MOST_ATTEMPTS))


def walk(queues: Sequence[Queue], visits: Visits, now: datetime) -> list[tuple[Queue, bool]]:
    """Return the queues in the order to try them, each with whether it interrupts (S4.5)."""
    tried = [(queue, _interrupts(queue, visits, now)) for queue in queues if queue.lane.dialled]
    return sorted(tried, key=lambda each: (not each[1], each[0].lane.priority))


def why(lane: Lane, *, interrupts: bool, important: bool) -> Title:
    """Return in words why a task comes next."""
    if interrupts and lane.interrupts is not None:
        minutes = int(lane.interrupts.total_seconds() // 60)
        return Title(
            f"«{lane.title.ru}» прерывает остальное каждые {minutes} мин.",
            f"“{lane.title.en}” interrupts everything else every {minutes} min",
        )
    ru = "важная, такие идут первыми" if important else "самая срочная в очереди"
    en = "important, such go first" if important else "the most urgent of the queue"
    return Title(f"Очередь «{lane.title.ru}»: {ru}", f"Queue “{lane.title.en}”: {en}")


def _interrupts(queue: Queue, visits: Visits, now: datetime) -> bool:
    if queue.lane.interrupts is None:
        return False
    last = visits.get((queue.desk, queue.lane.code))
    return last is None or now - last >= queue.lane.interrupts


def _midnight(now: datetime, zone: str, days_ago: int) -> datetime:
    local = ZoneInfo(zone)
    day = now.astimezone(local).date() - timedelta(days=days_ago)
    return datetime.combine(day, time(0), local).astimezone(now.tzinfo)


def _later(a: datetime | None, b: datetime) -> datetime:
    return b if a is None else max(a, b)


def _earlier(a: datetime | None, b: datetime) -> datetime:
    return b if a is None else min(a, b)
