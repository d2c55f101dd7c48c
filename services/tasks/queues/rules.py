"""Lanes: in which order an operator is led through them, and what a lane lets through (S1.1-S1.3, S4.5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.tasks.playbooks.model import Lane, Title

MOST_ATTEMPTS = 1_000_000


@dataclass(frozen=True, slots=True)
class Queue:
    """A lane of a desk, shared by the playbooks that declare it alike."""

    desk: str
    lane: Lane
    playbooks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a lane lets through at a moment: after `received_after`, up to `received_until`, attempts in vain."""

    received_after: datetime | None
    received_until: datetime | None
    attempts: tuple[int, int]


def queues_of(desk: str, lanes: Sequence[tuple[str, Lane]]) -> list[Queue]:
    """Return a desk's queues by priority; `lanes` are (playbook, lane)."""
    shared: dict[Lane, list[str]] = {}
    for playbook, lane in lanes:
        shared.setdefault(lane, []).append(playbook)
    found = [Queue(desk, lane, tuple(playbooks)) for lane, playbooks in shared.items()]
    return sorted(found, key=lambda queue: (queue.lane.priority, queue.lane.code))


def bounds(lane: Lane, zone: str, now: datetime) -> Bounds:
    """Return the limits of a lane now; a day is a day of the desk's zone."""
    after: datetime | None = None
    until: datetime | None = None
    if lane.window is not None:
        after, until = now - lane.window[1], now - lane.window[0]
    if lane.days is not None:
        after = _later(after, _midnight(now, zone, lane.days[1]))
        until = _earlier(until, _midnight(now, zone, lane.days[0] - 1))
    return Bounds(after, until, lane.attempts or (0, MOST_ATTEMPTS))


def walk(queues: Sequence[Queue], visits: Mapping[str, datetime], now: datetime) -> list[tuple[Queue, bool]]:
    """Return the queues in the order to be tried, each with whether it interrupts (S4.5)."""
    tried = [(queue, _interrupts(queue.lane, visits, now)) for queue in queues if queue.lane.dialled]
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


def _interrupts(lane: Lane, visits: Mapping[str, datetime], now: datetime) -> bool:
    if lane.interrupts is None:
        return False
    last = visits.get(lane.code)
    return last is None or now - last >= lane.interrupts


def _midnight(now: datetime, zone: str, days_ago: int) -> datetime:
    local = ZoneInfo(zone)
    day = now.astimezone(local).date() - timedelta(days=days_ago)
    return datetime.combine(day, time(0), local).astimezone(now.tzinfo)


def _later(a: datetime | None, b: datetime) -> datetime:
    return b if a is None else max(a, b)


def _earlier(a: datetime | None, b: datetime) -> datetime:
    return b if a is None else min(a, b)
