"""Events that wait for a set-up by people: no failures, released together, replayed in order."""

import asyncio
from collections.abc import Sequence

import pytest

from libs.common.contracts import EventData, Received
from libs.common.messaging.deadletters import store as deadletters
from libs.common.messaging.deadletters.store import DeadLetterState
from libs.common.messaging.deadletters.waiting import count_waiting, release
from libs.common.messaging.inbox import Unready
from libs.common.platform.db import Transaction
from libs.common.testkit.messaging import NOON, Stack, eventually, journal, note_down, reason, running, status_event


class Lacking:
    """A use case that is not ready for events with the named reasons."""

    def __init__(self, *lacks: str) -> None:
        self.lacks = set(lacks)
        self.waited: list[str] = []

    async def __call__(self, tx: Transaction, events: Sequence[Received[EventData]]) -> None:
        await note_down(tx, events)
        for event in events:
            if reason(event.data) in self.lacks:
                raise Unready(f"thing:{reason(event.data)}", "not there yet")
            if event.waited:
                self.waited.append(reason(event.data))


@pytest.fixture
def lacking(stack: Stack) -> Lacking:
    stack.use_case = lacking = Lacking("x", "y")
    return lacking


@pytest.fixture
async def waiting(stack: Stack, lacking: Lacking) -> Stack:
    """Key `a` waits for x with two behind it, the second of which waits for y; key `b` waits for x."""
    await stack.publish([status_event(key, note) for key, note in (("a", "x"), ("a", "2"), ("a", "y"), ("b", "x"))])
    async with running(stack.consumer().run):
        await eventually(lambda: _parked(stack, 4))
    return stack


async def _parked(stack: Stack, count: int) -> bool:
    return len(await stack.states()) == count


async def released(stack: Stack, *things: str) -> int:
    async with stack.db.pool.acquire() as conn:
        return await release(conn, [f"thing:{thing}" for thing in things])


async def shown(stack: Stack) -> list[tuple[str, DeadLetterState]]:
    return [
        (dead_letter.key, dead_letter.state)
        for dead_letter in await deadletters.list_dead_letters(stack.db, states=list(DeadLetterState))
    ]


async def test_it_waits_with_its_key_and_is_no_failure(waiting: Stack) -> None:
    assert sorted(await shown(waiting)) == [
        ("a", DeadLetterState.BLOCKED),
        ("a", DeadLetterState.BLOCKED),
        ("a", DeadLetterState.WAITING),
        ("b", DeadLetterState.WAITING),
    ]
    assert waiting.counted("consumer_events_total", topic=waiting.topic, result="waiting") == 2


async def test_what_is_released_goes_on_in_order_up_to_what_waits_for_something_else(
    waiting: Stack, lacking: Lacking
) -> None:
    lacking.lacks.remove("x")
    assert await released(waiting, "x") == 2
    await waiting.replayer.look()
    assert sorted(await journal(waiting.db)) == [("a", "2"), ("a", "x"), ("b", "x")]
    assert [state for key, state in await shown(waiting) if key == "a"] == [
        DeadLetterState.DONE,
        DeadLetterState.DONE,
        DeadLetterState.WAITING,
    ]


async def test_a_use_case_knows_which_events_have_waited(waiting: Stack, lacking: Lacking) -> None:
    lacking.lacks.clear()
    await released(waiting, "x")
    await waiting.replayer.look()
    assert lacking.waited == ["x", "x"]


async def test_released_too_early_it_waits_again(waiting: Stack) -> None:
    await released(waiting, "x")
    await waiting.replayer.look()
    assert [state for key, state in await shown(waiting) if key == "b"] == [DeadLetterState.WAITING]
    assert await released(waiting, "x") == 2


async def test_two_that_release_at_once_share_the_events(waiting: Stack) -> None:
    assert sum(await asyncio.gather(*(released(waiting, "x", "y") for _ in range(4)))) == 2


async def test_a_replay_that_fails_for_another_reason_does_not_wait_any_more(waiting: Stack, stack: Stack) -> None:
    await released(waiting, "x")

    async def broken(_: Transaction, __: Sequence[Received[EventData]]) -> None:
        raise ValueError("bad")

    stack.use_case = broken
    await waiting.replayer.look()
    assert [state for key, state in await shown(waiting) if key == "b"] == [DeadLetterState.FAILED]
    assert await released(waiting, "x") == 0


async def test_a_desk_s_waiting_events_are_counted_by_what_they_wait_for(waiting: Stack) -> None:
    async with waiting.db.pool.acquire() as conn:
        (found,) = await count_waiting(conn, "demo")
    assert (found.waits_for, found.events, found.oldest) == ("thing:x", 2, NOON)


async def test_waiting_events_have_a_figure_of_their_own(waiting: Stack) -> None:
    await waiting.replayer.count()
    assert [waiting.counted("dead_letters", state=state) for state in ("waiting", "failed", "blocked")] == [2, 0, 2]
