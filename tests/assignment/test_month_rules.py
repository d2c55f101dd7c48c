"""The plan of a month by its rule alone: nobody is in two places, wishes are kept, needs are covered (S4.6)."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import combinations
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.assignment.plans.rules import Person, Place, Slot, overlap, propose, review
from services.assignment.schedule.rules import ShiftKind, hours
from services.assignment.wishes.rules import WishKind

pytestmark = pytest.mark.req("S4.6")

MOSCOW = ZoneInfo("Europe/Moscow")
FIRST = date(2026, 4, 1)
REST = timedelta(hours=9)
KINDS = {
    "day": ShiftKind("day", time(12), time(19), 10, {}),
    "evening": ShiftKind("evening", time(19), time(2), 10, {}),
    "long": ShiftKind("long", time(10), time(22), 10, {}),
}
PREFER, CAN, CANNOT = WishKind.PREFER, WishKind.CAN, WishKind.CANNOT


def slot(day: int, shift: str, needed: int = 1, zone: ZoneInfo = MOSCOW) -> Slot:
    on = FIRST + timedelta(days=day)
    return Slot(on, shift, *hours(KINDS[shift], on, zone), needed)


def person(number: int, *, away: Sequence[int] = (), **wishes: WishKind) -> Person:
    """A person with whole days away and wishes such as `day0`."""
    starts = (datetime.combine(FIRST + timedelta(days=day), time(), MOSCOW) for day in away)
    said = {(FIRST + timedelta(days=int(name[-1])), name[:-1]): wish for name, wish in wishes.items()}
    return Person(UUID(int=number), (), tuple((at, at + timedelta(days=1)) for at in starts), said)


def worked(plan: Sequence[Place]) -> Counter[int]:
    return Counter(place.operator_id.int for place in plan)


people = st.lists(
    st.tuples(
        st.sets(st.integers(0, 4), max_size=2),
        st.dictionaries(
            st.tuples(st.integers(0, 4), st.sampled_from(sorted(KINDS))), st.sampled_from(WishKind), max_size=6
        ),
    ),
    max_size=5,
).map(
    lambda found: [
        person(number, away=sorted(away), **{f"{shift}{day}": wish for (day, shift), wish in wishes.items()})
        for number, (away, wishes) in enumerate(found)
    ]
)
needs = st.dictionaries(
    st.tuples(st.integers(0, 4), st.sampled_from(sorted(KINDS))), st.integers(1, 3), max_size=10
).map(lambda found: [slot(day, shift, needed) for (day, shift), needed in found.items()])


def clashes(slots: Sequence[Slot], plan: Sequence[Place]) -> Iterator[tuple[Place, Place]]:
    known = {(one.day, one.shift): one for one in slots}
    for one, other in combinations(plan, 2):
        mine, theirs = known[one.day, one.shift], known[other.day, other.shift]
        if one.operator_id == other.operator_id and (
            mine.day == theirs.day or overlap(mine, (theirs.starts_at, theirs.ends_at), REST)
        ):
            yield one, other


@given(needs, people)
def test_nobody_works_twice_in_an_absence_or_where_they_cannot(slots: list[Slot], crew: list[Person]) -> None:
    plan, known = propose(slots, crew, REST), {one.id: one for one in crew}
    hours_of = {(one.day, one.shift): one for one in slots}
    assert list(clashes(slots, plan)) == []
    assert all(known[one.operator_id].may(hours_of[one.day, one.shift], REST) for one in plan)
    assert plan == propose(list(reversed(slots)), list(reversed(crew)), REST)


@given(needs, people)
def test_a_place_stays_empty_only_where_nobody_is_free(slots: list[Slot], crew: list[Person]) -> None:
    plan = propose(slots, crew, REST)
    for empty, _ in review(slots, crew, plan, REST).uncovered:
        for one in crew:
            taken = Place(empty.day, empty.shift, one.id)
            assert not one.may(empty, REST) or list(clashes(slots, [*plan, taken]))


def most(slots: Sequence[Slot], crew: Sequence[Person]) -> int:
    """Return how many places of one day can be filled, by trying all ways."""
    if not crew:
        return 0
    who, *others = crew
    best = most(slots, others)
    for number, one in enumerate(slots):
        if who.may(one, REST):
            best = max(best, 1 + most([*slots[:number], *slots[number + 1 :]], others))
    return best


@given(st.dictionaries(st.sampled_from(sorted(KINDS)), st.integers(1, 2)), people)
def test_of_one_day_the_most_places_are_filled(needed: dict[str, int], crew: list[Person]) -> None:
    slots = [slot(0, shift, number) for shift, number in needed.items()]
    places = [one for one in slots for _ in range(one.needed)]
    assert len(propose(slots, crew, REST)) == most(places, crew)


def test_shifts_are_spread_evenly() -> None:
    slots = [slot(day, shift) for day in range(30) for shift in ("day", "evening")]
    plan = propose(slots, [person(number) for number in range(6)], REST)
    assert sorted(worked(plan).values()) == [10] * 6


def test_who_prefers_a_shift_has_it_until_they_have_their_share() -> None:
    slots = [slot(day, "day") for day in range(4)]
    eager = person(2, day0=PREFER, day1=PREFER, day2=PREFER, day3=PREFER)
    plan = propose(slots, [person(1), eager], REST)
    assert [place.operator_id.int for place in plan] == [2, 2, 1, 1]
    said = review(slots, [person(1), eager], plan, REST).unkept
    assert [(one.place.day.day, one.wish) for one in said] == [(3, PREFER), (4, PREFER)]


def test_one_of_another_day_moves_where_that_covers_a_place() -> None:
    # Both can work the evening; only one of them can work the long day after it, and must be rested for it.
    able = person(1, evening0=PREFER)
    other = person(2, evening0=CAN, long1=CANNOT)
    plan = propose([slot(0, "evening"), slot(1, "long")], [able, other], REST)
    assert [(place.shift, place.operator_id.int) for place in plan] == [("evening", 2), ("long", 1)]


def test_what_a_plan_breaks_is_said() -> None:
    slots = [slot(0, "evening", 2), slot(1, "long")]
    crew = [person(1, evening0=CANNOT), person(2)]
    plan = [Place(FIRST, "evening", UUID(int=1)), Place(FIRST + timedelta(days=1), "long", UUID(int=1))]
    said = review(slots, crew, plan, REST)
    assert [(one.shift, missing) for one, missing in said.uncovered] == [("evening", 1)]
    assert ([one.wish for one in said.unkept], said.short_rest) == ([CANNOT], (plan[1],))


def test_rest_is_counted_over_midnight_and_over_a_change_of_clocks() -> None:
    berlin, night = ZoneInfo("Europe/Berlin"), date(2026, 3, 28)
    evening, day = (
        Slot(night + timedelta(days=ahead), name, *hours(KINDS[name], night + timedelta(days=ahead), berlin), 1)
        for ahead, name in enumerate(("evening", "day"))
    )
    # From 02:00 until 12:00 of that Sunday it is nine hours, not ten.
    assert day.starts_at - evening.ends_at == timedelta(hours=9)
    rested = [propose([evening, day], [person(1)], timedelta(minutes=rest)) for rest in (540, 541)]
    assert [len(plan) for plan in rested] == [2, 1]
    assert evening.ends_at == datetime(2026, 3, 29, 1, tzinfo=UTC)
