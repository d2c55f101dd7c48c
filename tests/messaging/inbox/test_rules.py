"""The consumer's pure decisions: grouping, sequence check, failure limit, what is transient."""

import asyncio
from collections.abc import Collection
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from libs.common.messaging.bus import Partition
from libs.common.messaging.inbox.consumer_metrics import ConsumerMetrics
from libs.common.messaging.inbox.grouping import grouped
from libs.common.messaging.inbox.incoming import UNKNOWN, Skipped
from libs.common.messaging.inbox.intervals import USUAL
from libs.common.messaging.inbox.limit import FailureLimit, TooManyFailuresError
from libs.common.messaging.inbox.progress import Progress
from libs.common.messaging.inbox.sequence import Fault, SequenceCheck
from libs.common.platform.waiting import growing
from libs.common.testkit.memory_bus import MemoryBus, MemoryConsumer, MemoryRecord

HERE = Partition("t", 0)
SKIPPED = Skipped(MemoryRecord("t", 0, 0, 0, b"k", None, ()), "x", "k", 1)

TRIPLES = st.lists(st.tuples(st.integers(), st.sampled_from("abc"), st.sampled_from("XYZ")), max_size=30)


@given(TRIPLES)
def test_grouping_keeps_the_order_of_each_key_and_loses_nothing(triples: list[tuple[int, str, str]]) -> None:
    numbered = [((at, key, handler), key, handler) for at, (_, key, handler) in enumerate(triples)]
    flat = [event for _, events in grouped(numbered) for event in events]
    assert sorted(flat) == [event for event, _, _ in numbered]
    positions = {key: [at for at, owner, _ in flat if owner == key] for key in "abc"}
    assert all(found == sorted(found) for found in positions.values())


@given(TRIPLES)
def test_grouping_never_makes_more_calls_than_runs_of_one_handler(triples: list[tuple[int, str, str]]) -> None:
    runs = sum(1 for _ in groupby(handler for _, _, handler in triples))
    assert len(grouped([(event, key, handler) for event, key, handler in triples])) <= runs


def test_events_of_different_keys_share_a_call_over_others_between_them() -> None:
    calls = grouped([(1, "a", "X"), (2, "b", "Y"), (3, "c", "X")])
    assert calls == [("X", [1, 3]), ("Y", [2])]


def test_an_event_never_joins_a_call_before_its_keys_last() -> None:
    calls = grouped([(1, "a", "X"), (2, "a", "Y"), (3, "a", "X")])
    assert calls == [("X", [1]), ("Y", [2]), ("X", [3])]


@pytest.mark.parametrize(
    ("numbers", "faults"),
    [
        ([1, 2, 3], [None, None, None]),
        ([5, 6], [None, None]),
        ([1, 3], [None, Fault.GAP]),
        ([2, 1], [None, Fault.INVERSION]),
        ([1, 3, 4], [None, Fault.GAP, None]),
    ],
)
def test_sequences_are_checked_from_the_first_one_seen(numbers: list[int], faults: list[Fault | None]) -> None:
    check = SequenceCheck()
    assert [check.applied(HERE, "k", number) for number in numbers] == faults


def test_events_that_are_not_applied_count_as_seen_and_never_as_wrong() -> None:
    check = SequenceCheck()
    check.applied(HERE, "k", 1)
    check.passed(HERE, "k", 2)
    check.passed(HERE, "k", 1)
    assert check.applied(HERE, "k", 3) is None


def test_a_partition_that_went_elsewhere_is_forgotten() -> None:
    check = SequenceCheck()
    check.applied(HERE, "k", 1)
    check.forget(HERE)
    assert check.applied(HERE, "k", 9) is None


def fail(limit: FailureLimit, now: float, count: int = 1) -> None:
    """Fail once per type; only the window counts them together."""
    for number in range(count):
        limit.failed(now, f"type {now} {number}", "k")


def test_single_failures_among_many_events_are_borne() -> None:
    limit = FailureLimit()
    limit.applied(0, ["a"] * 1000)
    for second in range(50):
        fail(limit, second / 10)
    with pytest.raises(TooManyFailuresError, match="51 of 1051"):
        fail(limit, 6)


def test_a_large_share_of_failures_stops_sooner() -> None:
    limit = FailureLimit()
    limit.applied(0, ["a"] * 50)
    fail(limit, 1, 20)
    with pytest.raises(TooManyFailuresError):
        fail(limit, 2)


def test_a_minute_later_the_count_begins_anew() -> None:
    limit = FailureLimit()
    fail(limit, 0, 20)
    fail(limit, 61)


def test_a_type_that_never_succeeds_stops_however_seldom_it_comes() -> None:
    limit = FailureLimit()
    for number in range(10):  # five a minute
        limit.applied(number * 12, ["b"])
        limit.failed(number * 12, "a", f"k{number}")
    with pytest.raises(TooManyFailuresError, match="a failed for 10 keys in a row"):
        limit.failed(120, "a", "k10")


@pytest.mark.parametrize("kind", ["a", UNKNOWN])
def test_a_success_of_the_type_or_for_records_without_one_any_begins_a_new_row(kind: str) -> None:
    limit = FailureLimit()
    for number in range(40):
        limit.failed(number * 12, kind, f"k{number}")
        limit.applied(number * 12, ["a"])


def test_one_key_that_fails_again_and_again_is_one() -> None:
    limit = FailureLimit()
    for number in range(40):
        limit.failed(number * 12, "a", "k")


def test_pauses_double_up_to_a_limit_that_holds_for_ever() -> None:
    assert [growing(attempt, 0.2, 5) for attempt in (0, 1, 2, 30, 5000)] == [0.2, 0.4, 0.8, 5.0, 5.0]


def test_a_partition_that_waits_for_days_is_held_up_no_longer_than_before() -> None:
    progress, consumer = Progress(ConsumerMetrics(CollectorRegistry()), USUAL), memory_consumer()
    for _ in range(5000):
        progress.pause(consumer, HERE, 0)
    progress.resume_due(consumer, 5)
    assert (progress.paused, progress.stalls([SKIPPED])) == (set(), True)


def test_a_new_client_knows_of_no_partition_that_waited() -> None:
    progress = Progress(ConsumerMetrics(CollectorRegistry()), USUAL)
    progress.pause(memory_consumer(), HERE, 0)
    progress.forget_all()
    assert (progress.paused, progress.stalls([SKIPPED])) == (set(), False)


def memory_consumer() -> MemoryConsumer:
    async def revoked(_: Collection[Partition]) -> None: ...

    return asyncio.run(MemoryBus().consumer("readers", ["t"], None, revoked))
