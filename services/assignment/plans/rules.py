"""Who works when in a month: a proposal from wishes, and what is to be said of any plan.

Deterministic: the same needs, people and wishes give the same plan. Nobody has two shifts a day, none that overlaps
another or begins too soon after it, none in an absence, and none that they cannot work. On each day the most places
are filled that can be, and one that stays empty is filled if moving one person of another day does it. Of those who
can work a place, who has less than their share goes before who has it; then who prefers it, then who said that they
can; then who has worked least.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from uuid import UUID

from services.assignment.wishes.rules import WishKind

Span = tuple[datetime, datetime]

_RANKS = {WishKind.PREFER: 0, WishKind.CAN: 1, None: 2}


@dataclass(frozen=True, slots=True)
class Slot:
    """A shift of a day, and how many people it still wants."""

    day: date
    shift: str
    starts_at: datetime
    ends_at: datetime
    needed: int

    @property
    def lasts(self) -> timedelta:
        return self.ends_at - self.starts_at


@dataclass(frozen=True, slots=True)
class Person:
    """One who can be planned: `busy` are shifts that they have, `away` their absences."""

    id: UUID
    busy: tuple[Span, ...] = ()
    away: tuple[Span, ...] = ()
    wishes: Mapping[tuple[date, str], WishKind] = field(default_factory=dict)

    def wish(self, slot: Slot) -> WishKind | None:
        """Return what they wish of a slot."""
        return self.wishes.get((slot.day, slot.shift))

    def may(self, slot: Slot, rest: timedelta) -> bool:
        """Return whether nothing but the plan itself stands in the way."""
        if self.wish(slot) is WishKind.CANNOT or any(overlap(slot, span) for span in self.away):
            return False
        return not any(overlap(slot, span, rest) for span in self.busy)


@dataclass(frozen=True, slots=True)
class Place:
    """That an operator works a shift of a day."""

    day: date
    shift: str
    operator_id: UUID


def overlap(slot: Slot, span: Span, rest: timedelta = timedelta()) -> bool:
    """Return whether a slot overlaps a span, or begins or ends too close to it."""
    starts, ends = span
    return slot.starts_at < ends + rest and slot.ends_at + rest > starts


def _lasting(span: Span) -> timedelta:
    return span[1] - span[0]


def propose(slots: Iterable[Slot], people: Iterable[Person], rest: timedelta) -> tuple[Place, ...]:
    """Return who is to work the slots."""
    proposal = _Proposal(sorted(slots, key=_by_start), sorted(people, key=lambda one: one.id), rest)
    proposal.fill()
    return tuple(proposal.places())


def _by_start(slot: Slot) -> tuple[date, datetime, str]:
    return slot.day, slot.starts_at, slot.shift


class _Proposal:
    """The plan while it is made: who has which slots."""

    def __init__(self, slots: Sequence[Slot], people: Sequence[Person], rest: timedelta) -> None:
        self._slots, self._people, self._rest = slots, people, rest
        self._given: dict[UUID, dict[date, Slot]] = {person.id: {} for person in people}
        self._load = {person.id: sum((_lasting(span) for span in person.busy), timedelta()) for person in people}
        wanted = sum((slot.lasts * slot.needed for slot in slots), timedelta())
        whole = wanted + sum(self._load.values(), timedelta())
        self._share = whole / len(people) if people else timedelta()

    def fill(self) -> None:
        """Fill day by day, then what stayed empty by moving one person."""
        empty: list[Slot] = []
        for _, of_day in groupby(self._slots, key=lambda slot: slot.day):
            places = [slot for slot in of_day for _ in range(slot.needed)]
            empty += self._fill_day(places)
        before = len(empty) + 1
        while len(empty) < before:
            before, empty = len(empty), [slot for slot in empty if not self._fill_by_moving(slot)]

    def places(self) -> Iterator[Place]:
        """Yield the plan by day, shift and person."""
        found = (
            (slot.day, slot.starts_at, slot.shift, person)
            for person, days in self._given.items()
            for slot in days.values()
        )
        for day, _, shift, person in sorted(found):
            yield Place(day, shift, person)

    def _fill_day(self, places: Sequence[Slot]) -> list[Slot]:
        """Fill as many places of a day as can be, by augmenting paths; return those that stay empty."""
        able = {slot: self._able(slot) for slot in dict.fromkeys(places)}
        at: dict[UUID, int] = {}

        def fill(number: int, seen: set[UUID]) -> bool:
            # Nobody is moved while another person is free.
            for who in sorted(able[places[number]], key=lambda one: one in at):
                if who not in seen:
                    seen.add(who)
                    if who not in at or fill(at[who], seen):
                        at[who] = number
                        return True
            return False

        empty = [slot for number, slot in enumerate(places) if not fill(number, set())]
        for who, number in at.items():
            self._give(who, places[number])
        return empty

    def _able(self, slot: Slot) -> list[UUID]:
        """Return who can work a slot, the fittest first."""
        found = [person for person in self._people if self._free(person, slot)]
        return [person.id for person in sorted(found, key=lambda person: self._rank(person, slot))]

    def _rank(self, person: Person, slot: Slot) -> tuple[bool, int, timedelta, UUID]:
        load = self._load[person.id]
        return load + slot.lasts / 2 > self._share, _RANKS[person.wish(slot)], load, person.id

    def _free(self, person: Person, slot: Slot) -> bool:
        return person.may(slot, self._rest) and not self._against(person.id, slot)

    def _against(self, who: UUID, slot: Slot) -> list[Slot]:
        """Return what of the plan itself stands in the way; only days near by can."""
        days = self._given[who]
        near = (days.get(slot.day + timedelta(days=ahead)) for ahead in range(-3, 4))
        return [
            other
            for other in near
            if other and (other.day == slot.day or overlap(slot, (other.starts_at, other.ends_at), self._rest))
        ]

    def _fill_by_moving(self, slot: Slot) -> bool:
        """Fill a place, if need be by giving another one of the same person away; return whether it is filled."""
        able = [person for person in self._people if person.may(slot, self._rest)]
        for person in sorted(able, key=lambda one: self._rank(one, slot)):
            against = self._against(person.id, slot)
            if len(against) <= 1 and all(self._pass_on(person.id, other) for other in against):
                self._give(person.id, slot)
                return True
        return False

    def _pass_on(self, who: UUID, slot: Slot) -> bool:
        """Give a slot of one person to another; return whether there is one."""
        self._take(who, slot)
        stand_in = next((other for other in self._able(slot) if other != who), None)
        self._give(stand_in or who, slot)
        return stand_in is not None

    def _give(self, who: UUID, slot: Slot) -> None:
        self._given[who][slot.day] = slot
        self._load[who] += slot.lasts

    def _take(self, who: UUID, slot: Slot) -> None:
        del self._given[who][slot.day]
        self._load[who] -= slot.lasts


@dataclass(frozen=True, slots=True)
class Unkept:
    """A wish that a plan does not keep."""

    place: Place
    wish: WishKind


@dataclass(frozen=True, slots=True)
class Review:
    """What is to be said of a plan: how many are missing where, wishes not kept, places after too little rest."""

    uncovered: tuple[tuple[Slot, int], ...]
    unkept: tuple[Unkept, ...]
    short_rest: tuple[Place, ...]


def review(slots: Sequence[Slot], people: Sequence[Person], places: Sequence[Place], rest: timedelta) -> Review:
    """Return what is to be said of a plan; `slots` are all shifts of the month, also those that want nobody."""
    hours = {(slot.day, slot.shift): slot for slot in slots}
    planned: dict[tuple[date, str], int] = defaultdict(int)
    for place in places:
        planned[place.day, place.shift] += 1
    missing = ((slot, slot.needed - planned[slot.day, slot.shift]) for slot in sorted(slots, key=_by_start))
    return Review(
        tuple((slot, number) for slot, number in missing if number > 0),
        tuple(_unkept(hours, people, set(places))),
        tuple(_short_rest(hours, people, places, rest)),
    )


def _unkept(
    hours: Mapping[tuple[date, str], Slot], people: Sequence[Person], places: set[Place]
) -> Iterator[Unkept]:
    for person in people:
        for (day, shift), wish in sorted(person.wishes.items()):
            place = Place(day, shift, person.id)
            broken = place in places if wish is WishKind.CANNOT else wish is WishKind.PREFER and place not in places
            if broken and (day, shift) in hours:
                yield Unkept(place, wish)


def _short_rest(
    hours: Mapping[tuple[date, str], Slot], people: Sequence[Person], places: Sequence[Place], rest: timedelta
) -> Iterator[Place]:
    busy = {person.id: list(person.busy) for person in people}
    for place in sorted(places, key=lambda one: (one.operator_id, _by_start(hours[one.day, one.shift]))):
        slot = hours[place.day, place.shift]
        spans = busy.setdefault(place.operator_id, [])
        if any(overlap(slot, span, rest) for span in spans):
            yield place
        spans.append((slot.starts_at, slot.ends_at))


@dataclass(frozen=True, slots=True)
class PlaceFault:
    """What is wrong with the place at a position of an edited plan."""

    position: int
    field: str
    code: str


def faults(
    slots: Sequence[Slot], people: Sequence[Person], places: Sequence[Place], now: datetime
) -> tuple[PlaceFault, ...]:
    """Return all faults for which a plan cannot be: wishes and rest are a supervisor's to break."""
    return tuple(_faults(slots, people, places, now))


def _faults(
    slots: Sequence[Slot], people: Sequence[Person], places: Sequence[Place], now: datetime
) -> Iterator[PlaceFault]:
    hours = {(slot.day, slot.shift): slot for slot in slots}
    known = {person.id: person for person in people}
    taken: dict[UUID, list[Span]] = defaultdict(list)
    for position, place in enumerate(places):
        slot, person = hours.get((place.day, place.shift)), known.get(place.operator_id)
        if slot is None:
            yield PlaceFault(position, "shift", "unknown_shift")
        elif slot.starts_at <= now:
            yield PlaceFault(position, "day", "in_the_past")
        if person is None:
            yield PlaceFault(position, "operator_id", "unfit_operator")
        if slot is None or person is None:
            continue
        if any(overlap(slot, span) for span in person.away):
            yield PlaceFault(position, "operator_id", "absent")
        if any(overlap(slot, span) for span in (*person.busy, *taken[person.id])):
            yield PlaceFault(position, "operator_id", "overlaps")
        taken[person.id].append((slot.starts_at, slot.ends_at))
