"""The consumer's pure decisions: grouping, sequence check, failure limit, what is transient."""

from itertools import groupby

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.bus import Partition
from libs.common.inbox import Transient, is_transient
from libs.common.inbox.consumer import back_off
from libs.common.inbox.errors import blames_one
from libs.common.inbox.grouping import grouped
from libs.common.inbox.limit import FailureLimit, TooManyFailuresError
from libs.common.inbox.sequence import Fault, SequenceCheck

HERE = Partition("t", 0)

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


def test_single_failures_among_many_events_are_borne() -> None:
    limit = FailureLimit()
    limit.applied(0, 1000)
    for second in range(50):
        limit.failed(second / 10)
    with pytest.raises(TooManyFailuresError, match="51 of 1051"):
        limit.failed(6)


def test_a_large_share_of_failures_stops_sooner() -> None:
    limit = FailureLimit()
    limit.applied(0, 50)
    for _ in range(20):
        limit.failed(1)
    with pytest.raises(TooManyFailuresError):
        limit.failed(1)


def test_a_minute_later_the_count_begins_anew() -> None:
    limit = FailureLimit()
    for _ in range(20):
        limit.failed(0)
    limit.failed(61)


@pytest.mark.parametrize(
    "error",
    [
        Transient("later"), OSError(), ConnectionRefusedError(), TimeoutError(),
        asyncpg.DeadlockDetectedError("x"), asyncpg.SerializationError("x"), asyncpg.LockNotAvailableError("x"),
        asyncpg.AdminShutdownError("x"), asyncpg.CannotConnectNowError("x"), asyncpg.TooManyConnectionsError("x"),
        asyncpg.ConnectionDoesNotExistError("x"), asyncpg.DiskFullError("x"), asyncpg.InternalClientError("x"),
        asyncpg.InterfaceError("connection is closed"), asyncpg.InterfaceError("pool is closing"),
        asyncpg.ReadOnlySQLTransactionError("x"), asyncpg.QueryCanceledError("x"),
    ],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_what_may_pass_by_itself_is_transient(error: Exception) -> None:
    assert is_transient(error)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("x"), KeyError("x"), AssertionError(), asyncpg.UniqueViolationError("x"),
        asyncpg.CheckViolationError("x"), asyncpg.UndefinedTableError("x"),
        asyncpg.UntranslatableCharacterError("x"),
        asyncpg.InterfaceError("the server expects 2 arguments for this query, 1 was passed"),
    ],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_what_will_fail_again_is_not(error: Exception) -> None:
    assert not is_transient(error)


@pytest.mark.parametrize(
    ("error", "blamed"),
    [
        (Transient("x"), True),
        (asyncpg.DeadlockDetectedError("x"), True),
        (asyncpg.LockNotAvailableError("x"), True),
        (asyncpg.AdminShutdownError("x"), False),
        (ConnectionResetError(), False),
    ],
    ids=["transient", "deadlock", "lock", "shutdown", "reset"],
)
def test_a_lost_connection_is_no_single_events_fault(error: Exception, blamed: bool) -> None:
    assert blames_one(error) is blamed


def test_pauses_double_up_to_a_limit() -> None:
    assert [back_off(attempt) for attempt in (0, 1, 2, 30)] == [0.05, 0.1, 0.2, 5.0]
