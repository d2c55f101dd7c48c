"""Types that this release does not know: parked with their key, shown, and replayed after an upgrade."""

from dataclasses import replace

import pytest

from libs.common.contracts import REGISTRY
from libs.common.contracts.intake import LeadStatusChanged
from libs.common.messaging.bus import Message
from libs.common.messaging.deadletters import store as deadletters
from libs.common.messaging.deadletters.store import DeadLetterState
from libs.common.messaging.deadletters.waiting import held
from libs.common.messaging.inbox import Unready
from libs.common.messaging.inbox.limit import IN_A_ROW
from libs.common.testkit.memory_bus import MemoryBus
from libs.common.testkit.messaging import Faulty, Stack, eventually, journal, note_down, running, status_event

NEWS = LeadStatusChanged.event_type
UPDATED = "dozvon.lead.updated.v1"


@pytest.fixture
def older(stack: Stack) -> Stack:
    """A reader of a release before `lead.status_changed`."""
    return replace(stack, types=(UPDATED,), known={UPDATED: REGISTRY[UPDATED]})


async def _parked(stack: Stack, count: int) -> bool:
    return len(await stack.states()) == count


async def take_in(stack: Stack, parked: int) -> None:
    """Run the consumer until so many events are parked."""
    async with running(stack.consumer().run):
        await eventually(lambda: _parked(stack, parked))


async def replay(stack: Stack) -> None:
    await stack.replayer.learn()
    await stack.replayer.look()


async def test_an_unknown_type_parks_its_key_and_no_other(stack: Stack, memory: MemoryBus) -> None:
    later = Message(b"a", b"{}", [("ce_type", b"dozvon.lead.received.v9"), ("ce_subject", b"a")])
    memory.append(stack.topic, later)
    await stack.publish([status_event("a", "behind"), status_event("b", "1")])
    await take_in(stack, 2)
    assert (await journal(stack.db), await stack.states()) == ([("b", "1")], [("a", "failed"), ("a", "blocked")])


@pytest.mark.parametrize("name", [b"dozvon.lead.received.v9", b"\xff\x00", b"DROP TABLE", "событие".encode()])
async def test_a_record_of_an_unknown_type_is_parked_with_any_content(
    stack: Stack, memory: MemoryBus, name: bytes
) -> None:
    memory.append(stack.topic, Message(b"a", b"\xff not JSON", [("ce_type", name)]))
    await take_in(stack, 1)
    assert await stack.states() == [("a", "failed")]


async def test_a_dead_letter_names_the_unknown_type(older: Stack) -> None:
    await older.publish([status_event("a", "1")])
    await take_in(older, 1)
    (dead_letter,) = await deadletters.list_dead_letters(older.db)
    assert (dead_letter.type, dead_letter.state, dead_letter.error_type) == (
        NEWS,
        DeadLetterState.FAILED,
        "UnknownTypeError",
    )


async def test_a_newer_services_type_never_stops_the_reader(older: Stack) -> None:
    count = 2 * IN_A_ROW
    await older.publish([status_event(f"lead:{number}", "new") for number in range(count)])
    await take_in(older, count)
    assert older.counted("consumer_halted") == 0


async def test_after_the_upgrade_a_key_goes_on_by_itself_in_order(older: Stack, stack: Stack) -> None:
    await older.publish([status_event("a", note) for note in ("1", "2", "3")])
    await take_in(older, 3)
    await replay(stack)
    assert (await journal(stack.db), {state for _, state in await stack.states()}) == (
        [("a", "1"), ("a", "2"), ("a", "3")],
        {"done"},
    )


async def test_after_the_upgrade_a_type_of_no_concern_is_done_and_lets_its_key_go(
    older: Stack, stack: Stack
) -> None:
    await older.publish([status_event("a", "1")])
    await take_in(older, 1)
    await replay(replace(stack, types=(UPDATED,)))
    assert (await journal(stack.db), await stack.states()) == ([], [("a", "done")])


async def test_a_retry_before_the_upgrade_changes_nothing_and_counts(older: Stack) -> None:
    await older.publish([status_event("a", "1")])
    await take_in(older, 1)
    (dead_letter,) = await deadletters.list_dead_letters(older.db)
    await deadletters.retry_dead_letter(older.db, dead_letter.id)
    await replay(older)
    (again,) = await deadletters.list_dead_letters(older.db)
    assert (again.state, again.attempts) == (DeadLetterState.FAILED, 2)


async def test_what_failed_for_another_reason_is_not_released_by_an_upgrade(stack: Stack) -> None:
    stack.use_case = Faulty("poison")
    await stack.publish([status_event("a", "poison")])
    await take_in(stack, 1)
    stack.use_case = note_down
    await replay(stack)
    assert await stack.states() == [("a", "failed")]


async def test_an_unknown_type_behind_one_that_waits_is_not_shown_as_waiting(
    stack: Stack, memory: MemoryBus
) -> None:
    stack.use_case = Faulty("x", error=_Lacking)
    await stack.publish([status_event("a", "x")])
    memory.append(stack.topic, Message(b"a", b"{}", [("ce_type", b"dozvon.lead.sang.v1"), ("ce_subject", b"a")]))
    await take_in(stack, 2)
    async with stack.db.pool.acquire() as conn:
        found = await held(conn, "a")
    assert found is not None
    assert [event.key for event in found.events] == ["a"]


class _Lacking(Unready):
    def __init__(self, text: str) -> None:
        super().__init__("thing:x", text)
