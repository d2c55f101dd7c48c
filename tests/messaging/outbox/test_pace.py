"""How long a batch of the relay may grow, by the rate of what comes."""

import asyncio
from collections.abc import Iterator
from itertools import count

import pytest

from libs.common.messaging.outbox.pace import MEASURED, Pace


def pace_of(every: float, rows: int, polls: int = 200) -> Pace:
    """Return the pace after polls that each found some rows."""
    times: Iterator[float] = (number * every for number in count())
    pace = Pace(asyncio.Event(), MEASURED, lambda: next(times))
    for _ in range(polls):
        pace.found(rows)
    return pace


def test_what_comes_alone_waits_for_nothing_else() -> None:
    assert pace_of(every=10, rows=1).linger < 0.0005


@pytest.mark.parametrize(("every", "rows"), [(0.001, 100), (0.05, 50)])
def test_a_full_stream_has_the_whole_linger(every: float, rows: int) -> None:
    assert pace_of(every, rows).linger == MEASURED.linger


@pytest.mark.parametrize(("every", "rows"), [(0.01, 1), (0.02, 2), (0.05, 5)])
def test_the_linger_is_in_proportion_to_the_rate_however_it_comes(every: float, rows: int) -> None:
    proportion = 100 / MEASURED.full_rate
    assert pace_of(every, rows).linger == pytest.approx(MEASURED.linger * proportion, rel=0.15)


def test_after_a_stream_has_ended_nothing_lingers() -> None:
    times = iter([*(number / 1000 for number in range(300)), 10.0, 20.0])
    pace = Pace(asyncio.Event(), MEASURED, lambda: next(times))
    for _ in range(300):
        pace.found(5)
    assert pace.linger < 0.002
