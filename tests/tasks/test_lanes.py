"""Limits and order of lanes, by their rules alone (S1.1-S1.3, S4.5)."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from services.tasks.playbooks.grammar import parse
from services.tasks.playbooks.lanes import Lane, Turn
from services.tasks.playbooks.terms import Holder, Title
from services.tasks.queues.rules import MOST_ATTEMPTS, Queue, bounds, queues_of, turns, walk, why
from tests.tasks.support import START, TINY, VOCABULARY

M = timedelta(minutes=1)
TITLE = Title("Очередь", "Queue")


LANE = Lane("x", TITLE, 1, Holder.NOBODY)


def queue(lane: Lane = LANE) -> Queue:
    return Queue("demo", "Europe/Moscow", lane, (("tiny", 1),))


def moscow(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC) - 180 * M


def test_a_lane_without_limits_lets_everything_through() -> None:
    found = bounds(queue(), START)
    assert (found.received_after, found.received_until, found.attempts) == (None, None, (0, MOST_ATTEMPTS))


def test_a_window_is_the_age_of_the_lead() -> None:
    found = bounds(queue(replace(LANE, window=(20 * M, 40 * M))), START)
    assert (found.received_after, found.received_until) == (START - 40 * M, START - 20 * M)


@pytest.mark.req("S1.1")
@pytest.mark.parametrize(
    ("days", "after", "until"),
    [((0, 0), moscow(2), moscow(3)), ((1, 1), moscow(1), moscow(2)), ((1, 2), moscow(1) - 1440 * M, moscow(2))],
)
def test_a_day_is_a_day_of_the_desk(days: tuple[int, int], after: datetime, until: datetime) -> None:
    found = bounds(queue(replace(LANE, days=days)), moscow(2, 1))  # still the 1st in UTC
    assert (found.received_after, found.received_until) == (after, until)


def test_of_a_window_and_days_the_narrower_end_counts() -> None:
    found = bounds(queue(replace(LANE, window=(0 * M, 1440 * M), days=(0, 0))), START)
    assert (found.received_after, found.received_until) == (moscow(2), START)


def test_of_a_narrow_window_and_days_the_window_counts() -> None:
    found = bounds(queue(replace(LANE, window=(0 * M, 20 * M), days=(0, 0))), START)
    assert (found.received_after, found.received_until) == (START - 20 * M, START)


def test_limits_are_in_the_zone_of_the_moment() -> None:
    after = bounds(queue(replace(LANE, days=(0, 0))), START).received_after
    assert after is not None
    assert after.tzinfo is UTC


def test_a_queue_is_a_lane_of_its_desk_and_knows_its_versions() -> None:
    lanes = [("demo", "Europe/Moscow", ("tiny", number), LANE, ()) for number in (1, 2)]
    assert queues_of(lanes) == [Queue("demo", "Europe/Moscow", LANE, (("tiny", 1), ("tiny", 2)))]


@pytest.mark.req("S4.4", "S4.5")
@pytest.mark.parametrize(
    ("interrupts", "important", "late", "ru", "en"),
    [
        (
            True,
            False,
            -15 * M,
            "«Очередь» прерывает остальное каждые 20 мин; срок через 15 мин",
            "“Queue” interrupts everything else every 20 min; due in 15 min",
        ),
        (
            False,
            True,
            0 * M,
            "Очередь «Очередь»: важная, такие идут первыми; срок прошёл 0 мин назад",
            "Queue “Queue”: important, such go first; due 0 min ago",
        ),
        (
            False,
            False,
            180 * M,
            "Очередь «Очередь»: самая срочная в очереди; срок прошёл 3 ч назад",
            "Queue “Queue”: the most urgent of the queue; due 3 h ago",
        ),
        (
            False,
            False,
            -4320 * M,
            "Очередь «Очередь»: самая срочная в очереди; срок через 3 дн.",
            "Queue “Queue”: the most urgent of the queue; due in 3 d",
        ),
    ],
)
def test_an_operator_reads_why_a_task_comes_next(
    interrupts: bool, important: bool, late: timedelta, ru: str, en: str
) -> None:
    lane = replace(LANE, interrupts=20 * M)
    assert why(lane, late, interrupts=interrupts, important=important) == Title(ru, en)


def test_a_lane_that_does_not_interrupt_never_says_so() -> None:
    said = why(LANE, -M, interrupts=True, important=True)
    assert said.en == "Queue “Queue”: important, such go first; due in 1 min"


@pytest.mark.req("S1.1")
def test_attempts_in_vain_are_counted_as_the_lane_says() -> None:
    assert bounds(queue(replace(LANE, attempts=(1, 3))), START).attempts == (1, 3)


@pytest.mark.req("S4.5")
@pytest.mark.parametrize(("ago", "order"), [(None, "ba"), (20 * M, "ba"), (19 * M, "ab")])
def test_a_lane_interrupts_when_nothing_of_it_was_given_for_that_long(ago: timedelta | None, order: str) -> None:
    later = replace(LANE, code="b", priority=2, interrupts=20 * M)
    queues = [queue(replace(LANE, code="a")), queue(later)]
    visits = {} if ago is None else {("demo", "b"): START - ago}
    assert "".join(found.lane.code for found, _ in walk(queues, visits, START)) == order


@pytest.mark.req("S1.1")
def test_a_lane_that_is_not_dialled_is_never_walked() -> None:
    assert walk([queue(replace(LANE, dialled=False))], {}, START) == []


@pytest.mark.req("S4.5")
def test_a_lane_of_what_is_not_offered_yet_is_never_walked() -> None:
    assert walk([queue(replace(LANE, ahead=True))], {}, START) == []


@pytest.mark.req("S4.5")
@pytest.mark.parametrize(("hour", "order"), [(8, "ba"), (19, "ba"), (20, "a"), (23, "a"), (7, "a")])
def test_the_part_of_the_day_says_which_lanes_come_in_which_order(hour: int, order: str) -> None:
    lanes = {code: replace(LANE, code=code, priority=rank) for rank, code in enumerate("ab")}
    parts = (Turn(("b", "a"), (time(8), time(20))), Turn(("a",)))
    book = replace(parse(TINY, VOCABULARY), lanes=lanes, next=parts)
    found = queues_of(("demo", "Europe/Moscow", ("tiny", 1), lane, turns(book, lane)) for lane in lanes.values())
    assert "".join(each.lane.code for each, _ in walk(found, {}, moscow(2, hour))) == order


@pytest.mark.req("S4.5")
def test_outside_all_parts_of_the_day_the_priorities_count() -> None:
    book = replace(parse(TINY, VOCABULARY), lanes={"x": LANE}, next=(Turn(("x",), (time(8), time(20))),))
    (found,) = queues_of([("demo", "Europe/Moscow", ("tiny", 1), LANE, turns(book, LANE))])
    assert [each.lane.code for each, _ in walk([found], {}, moscow(2, 21))] == ["x"]


def test_versions_that_declare_a_lane_alike_share_its_queue() -> None:
    declared = [LANE, LANE, replace(LANE, priority=2)]
    lanes = [("demo", "UTC", ("tiny", number), lane, ()) for number, lane in enumerate(declared, 1)]
    assert [found.versions for found in queues_of(lanes)] == [(("tiny", 1), ("tiny", 2)), (("tiny", 3),)]


@pytest.mark.parametrize(
    ("holder", "of", "draws"),
    [
        (Holder.NOBODY, (), ("x",)),
        (Holder.ANYONE, ("y",), ("y",)),
        (Holder.ME, (), ()),
    ],
)
def test_a_lane_draws_from_its_own_code_unless_it_names_others(
    holder: Holder, of: tuple[str, ...], draws: tuple[str, ...]
) -> None:
    assert Lane("x", TITLE, 1, holder, of).draws == draws
