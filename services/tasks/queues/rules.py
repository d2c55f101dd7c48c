"""Lanes: the order in which `next` tries them, and the tasks that each holds (S1.1-S1.3, S4.5)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

from services.tasks.playbooks.lanes import Lane
from services.tasks.playbooks.model import Playbook
from services.tasks.playbooks.terms import Title, covers

MOST_ATTEMPTS = 1_000_000

Window: TypeAlias = tuple[time, time]
#: The priority of a lane in each part of the day, None = `next` skips it; without a window at any time.
Turns: TypeAlias = tuple[tuple[Window | None, int | None], ...]
Version: TypeAlias = tuple[str, int]  # of a playbook: its code, its number
Visits: TypeAlias = Mapping[tuple[str, str], datetime]  # by desk and lane: when `next` last gave a task of it


@dataclass(frozen=True, slots=True)
class Queue:
    """A lane of a desk, shared by the playbook versions that declare it identically."""

    desk: str
    zone: str
    lane: Lane
    versions: tuple[Version, ...]
    turns: Turns = ()

    @property
    def playbooks(self) -> tuple[str, ...]:
        """The codes of the playbooks that share the queue."""
        return tuple(dict.fromkeys(code for code, _ in self.versions))

    @property
    def newest(self) -> Version:
        """The newest version of the first playbook that shares the queue."""
        return max(version for version in self.versions if version[0] == self.versions[0][0])


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
    """The limits of a lane now: leads received after, leads received until, number of unsuccessful attempts.

    `between`: the time of day of their arrival in the desk's zone lies within it, or, if `outside`, does not.
    """

    received_after: datetime | None
    received_until: datetime | None
    attempts: tuple[int, int]
    between: Window | None
    outside: bool


def turns(playbook: Playbook, lane: Lane) -> Turns:
    """Return the priority of a lane in each part of the day: the lanes of a part share out their priorities."""
    found: list[tuple[Window | None, int | None]] = []
    for turn in playbook.next:
        priorities = sorted(playbook.lanes[code].priority for code in turn.lanes)
        place = dict(zip(turn.lanes, priorities, strict=True)).get(lane.code)
        found.append((turn.between, place))
    return tuple(found)


def queues_of(lanes: Iterable[tuple[str, str, Version, Lane, Turns]]) -> list[Queue]:
    """Return the queues of all desks by priority; `lanes` are (desk, zone, version, lane, its turns)."""
    shared: dict[tuple[str, str, Lane, Turns], list[Version]] = {}
    for desk, zone, version, lane, its in lanes:
        shared.setdefault((desk, zone, lane, its), []).append(version)
    found = [Queue(desk, zone, lane, tuple(versions), its) for (desk, zone, lane, its), versions in shared.items()]
    return sorted(found, key=lambda queue: (queue.lane.priority, queue.lane.code, queue.desk, queue.versions))


def ids_of(queues: Sequence[Queue]) -> Mapping[str, Queue]:
    """Return queues by their ids, `<desk>:<lane>:<playbook>`.

    Where versions of one playbook declare a lane differently, the older ones have their number behind that: the id
    of a queue stays when the next version of its playbook is activated.
    """
    found: dict[str, Queue] = {}
    for queue in sorted(queues, key=lambda each: each.newest, reverse=True):
        playbook, version = queue.newest
        plain = f"{queue.desk}:{queue.lane.code}:{playbook}"
        found[f"{plain}:{version}" if plain in found else plain] = queue
    return found


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
    between = lane.received_between or lane.received_outside
    return Bounds(after, until, lane.attempts or (0, MOST_ATTEMPTS), between, lane.received_outside is not None)


def walk(queues: Sequence[Queue], visits: Visits, now: datetime) -> list[tuple[Queue, bool]]:
    """Return the queues in the order to try them, each with whether it interrupts (S4.5)."""
    clocks = {zone: now.astimezone(ZoneInfo(zone)).time() for zone in {queue.zone for queue in queues}}
    tried = [(queue, _interrupts(queue, visits, now), _priority(queue, clocks[queue.zone])) for queue in queues]
    dialled = [(priority, queue, first) for queue, first, priority in tried if priority is not None]
    found = sorted(dialled, key=lambda each: (not each[2], each[0]))
    return [(queue, first) for _, queue, first in found]


def _priority(queue: Queue, at: time) -> int | None:
    """Return the priority of a queue at this time of the desk's day; None = it is skipped."""
    part = next(
        (place for window, place in queue.turns if window is None or covers(window, at)), queue.lane.priority
    )
    return part if queue.lane.dialled and not queue.lane.ahead else None


def why(lane: Lane, late: timedelta, *, interrupts: bool, important: bool) -> Title:
    """Return in words why a task comes next; `late`: how long ago it was due, less than nought: not yet (S4.4)."""
    ru, en = ("важная, такие идут первыми", "important, such go first") if important else _OF_ORDER
    said = Title(f"Очередь «{lane.title.ru}»: {ru}", f"Queue “{lane.title.en}”: {en}")
    if interrupts and lane.interrupts is not None:
        every = int(lane.interrupts.total_seconds() // 60)
        said = Title(
            f"«{lane.title.ru}» прерывает остальное каждые {every} мин",
            f"“{lane.title.en}” interrupts everything else every {every} min",
        )
    long = _span(abs(late))
    if late >= timedelta(0):
        return Title(f"{said.ru}; срок прошёл {long.ru} назад", f"{said.en}; due {long.en} ago")
    return Title(f"{said.ru}; срок через {long.ru}", f"{said.en}; due in {long.en}")


def _span(length: timedelta) -> Title:
    """Return a length of time in words, by its largest whole unit."""
    minutes = length // timedelta(minutes=1)
    if minutes < _HOURS:
        return Title(f"{minutes} мин", f"{minutes} min")
    if minutes < _DAYS:
        return Title(f"{minutes // 60} ч", f"{minutes // 60} h")
    return Title(f"{minutes // 1440} дн.", f"{minutes // 1440} d")


_HOURS, _DAYS = 120, 2 * 1440  # minutes from which hours and days are named
_OF_ORDER = "самая срочная в очереди", "the most urgent of the queue"


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
