"""Batches without collisions, pace, and the bounded queue."""

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.contracts.shared import Signal
from libs.common.domain.phone import read_phone
from services.intake.context import Context
from services.intake.deliveries.batch import Acceptance, OverloadedError
from services.intake.deliveries.rules import Pace, signals_of, take_batch
from tests.intake.api import Api, order
from tests.intake.test_accept_races import delivery_row


@dataclass(frozen=True)
class Item:
    number: int
    keys: frozenset[Hashable]


def items(keys: list[frozenset[int]]) -> list[Item]:
    return [Item(number, frozenset(each)) for number, each in enumerate(keys)]


lists = st.lists(st.frozensets(st.integers(0, 5), max_size=3), max_size=20).map(items)


@given(lists, st.integers(1, 8))
def test_a_batch_has_no_common_keys_and_the_rest_keeps_its_order(waiting: list[Item], limit: int) -> None:
    batch, rest = take_batch(waiting, limit)
    keys = [key for item in batch for key in item.keys]
    assert len(keys) == len(set(keys))
    assert len(batch) <= limit
    assert [item.number for item in rest] == sorted(item.number for item in rest)


@given(lists, st.integers(1, 8))
def test_nothing_overtakes_what_shares_a_key_with_it(waiting: list[Item], limit: int) -> None:
    batch, rest = take_batch(waiting, limit)
    assert not [(b, r) for b in batch for r in rest if r.number < b.number and b.keys & r.keys]


@given(lists, st.integers(1, 8))
def test_everything_is_taken_in_the_end(waiting: list[Item], limit: int) -> None:
    given_in, taken = [item.number for item in waiting], list[int]()
    while waiting:
        batch, waiting = take_batch(waiting, limit)
        assert batch
        taken += [item.number for item in batch]
    assert sorted(taken) == given_in


@given(st.integers(1, 50), st.lists(st.floats(0, 0.2), max_size=100))
def test_no_second_sees_more_than_burst_and_rate(rate: int, pauses: list[float]) -> None:
    pace, now, passed = Pace(rate, burst=rate), 0.0, list[float]()
    for pause in pauses:
        now += pause
        if not pace.take(now):
            passed.append(now)
    assert all(sum(start <= t < start + 1 for t in passed) <= 2 * rate + 1 for start in passed)


def test_a_sender_that_waits_as_asked_is_accepted() -> None:
    pace = Pace(2, burst=1)
    assert pace.take(10.0) == 0
    wait = pace.take(10.0)
    assert wait == pytest.approx(0.5)
    assert pace.take(10.0 + wait) == 0


def test_a_test_number_is_not_also_called_false() -> None:
    assert signals_of(read_phone("+972 1"), ("972",)) == (Signal.TEST_NUMBER,)


async def test_more_than_the_queue_holds_are_refused_for_a_retry(api: Api, ctx: Context) -> None:
    acceptance = Acceptance(ctx.core.db, queue=2)
    crowd = [acceptance.accept(delivery_row(str(n), f"8916{n:07}")) for n in range(30)]
    results = await asyncio.gather(*crowd, return_exceptions=True)
    refused = [each for each in results if isinstance(each, OverloadedError)]
    assert refused
    assert await api.count("lead") == 30 - len(refused)


async def test_an_overloaded_service_answers_503_and_when_to_come_again(api: Api, ctx: Context) -> None:
    url = await api.source(rate_per_second=10_000)
    ctx.acceptance._limit = 0
    answers = await asyncio.gather(*(api.send("POST", url, body=order(str(n))) for n in range(20)))
    refused = [each for each in answers if each.status_code == 503]
    assert {each.headers["retry-after"] for each in refused} == {"1"}
    assert len(refused) + await api.count("delivery") == 20


async def test_drained_means_that_everything_is_stored(api: Api, ctx: Context) -> None:
    acceptance = Acceptance(ctx.core.db, batch=5)
    crowd = [asyncio.create_task(acceptance.accept(delivery_row(str(n), f"8916{n:07}"))) for n in range(60)]
    await asyncio.sleep(0)
    await acceptance.drain()
    assert await api.count("lead") >= 57
    await asyncio.gather(*crowd)


async def test_while_the_database_is_away_the_answer_is_503(api: Api, ctx: Context) -> None:
    url = await api.source()
    await api.deliver(url, order())
    await ctx.core.db.close()
    answer = await api.send("POST", url, body=order())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
