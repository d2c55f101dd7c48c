"""Parked keys: shown, released, corrected, discarded, replayed in order."""

from collections.abc import Sequence

import pytest

from libs.common.db import Transaction
from libs.common.events import EventData, Received
from libs.common.inbox import Transient, deadletters
from libs.common.inbox.deadletters import NoSuchLetterError, State, WrongStateError
from libs.common.testing.messaging import Rig, eventually, journal, note_down, reason, running, status_event

BAD = {"poison", "worse"}


@pytest.fixture
def bad() -> set[str]:
    return set(BAD)


@pytest.fixture
async def parked(rig: Rig, bad: set[str]) -> Rig:
    """A failed event of key `a` with three behind it, one of them poisoned too."""

    async def use_case(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
        await note_down(tx, events)
        for event in events:
            if reason(event.data) in bad:
                raise Transient if reason(event.data) == "moody" else ValueError("bad")

    rig.use_case = use_case
    await rig.publish([status_event("a", note) for note in ("poison", "2", "worse", "4")])
    async with running(rig.consumer().run):
        await eventually(lambda: _open(rig, 4))
    return rig


async def ids(rig: Rig) -> list[int]:
    return [letter.id for letter in await deadletters.list_letters(rig.db)]


async def test_a_cured_key_is_replayed_in_order_up_to_the_next_failure(parked: Rig, bad: set[str]) -> None:
    bad.remove("poison")
    await deadletters.retry_letter(parked.db, (await ids(parked))[0], note="mended")
    await parked.replayer.look()
    assert await journal(parked.db) == [("a", "poison"), ("a", "2")]
    assert [state for _, state in await parked.states()] == ["done", "done", "failed", "blocked"]


async def test_after_the_last_cure_everything_is_done_and_new_events_flow(parked: Rig, bad: set[str]) -> None:
    bad.clear()
    await deadletters.retry_letter(parked.db, (await ids(parked))[0])
    await parked.replayer.look()
    await parked.publish([status_event("a", "5")])
    async with running(parked.consumer().run):
        notes = await parked.noted(5)
    assert [note for _, note in notes] == ["poison", "2", "worse", "4", "5"]


async def test_a_replay_that_fails_again_changes_nothing_and_counts(parked: Rig) -> None:
    (first, *_) = await ids(parked)
    await deadletters.retry_letter(parked.db, first)
    await parked.replayer.look()
    letter = (await deadletters.show_letter(parked.db, first)).letter
    assert (letter.state, letter.attempts, await journal(parked.db)) == (State.FAILED, 2, [])


async def test_a_transient_error_leaves_a_released_event_released(parked: Rig, bad: set[str]) -> None:
    (first, *_) = await ids(parked)
    bad.add("moody")
    data = (await deadletters.show_letter(parked.db, first)).data
    assert isinstance(data, dict)
    await deadletters.retry_letter(parked.db, first, data={**data, "reason": "moody"})
    await parked.replayer.look()
    assert (await deadletters.show_letter(parked.db, first)).letter.state is State.RETRYING


async def test_a_corrected_payload_is_what_is_replayed(parked: Rig) -> None:
    (first, *_) = await ids(parked)
    data = (await deadletters.show_letter(parked.db, first)).data
    assert isinstance(data, dict)
    await deadletters.retry_letter(parked.db, first, note="typo", data={**data, "reason": "cured"})
    await parked.replayer.look()
    assert await journal(parked.db) == [("a", "cured"), ("a", "2")]


async def test_discarding_lets_the_next_ones_go_on(parked: Rig) -> None:
    await deadletters.discard_letter(parked.db, (await ids(parked))[0], note="anna: a test lead")
    await parked.replayer.look()
    assert await journal(parked.db) == [("a", "2")]
    assert [state for _, state in await parked.states()] == ["discarded", "done", "failed", "blocked"]


async def test_what_only_waits_cannot_be_released(parked: Rig) -> None:
    with pytest.raises(WrongStateError, match="blocked"):
        await deadletters.retry_letter(parked.db, (await ids(parked))[1])


async def test_what_is_done_cannot_be_discarded(parked: Rig, bad: set[str]) -> None:
    (first, *_) = await ids(parked)
    bad.clear()
    await deadletters.retry_letter(parked.db, first)
    await parked.replayer.look()
    with pytest.raises(WrongStateError, match="done"):
        await deadletters.discard_letter(parked.db, first, note="late")


async def test_an_unknown_id_is_told_apart(rig: Rig) -> None:
    with pytest.raises(NoSuchLetterError):
        await deadletters.show_letter(rig.db, 1)
    with pytest.raises(NoSuchLetterError):
        await deadletters.retry_letter(rig.db, 1)


async def test_lists_are_filtered_and_paged(parked: Rig) -> None:
    found = await ids(parked)
    failed = await deadletters.list_letters(parked.db, states=[State.FAILED])
    rest = await deadletters.list_letters(parked.db, key="a", after=found[1], limit=1)
    assert ([letter.id for letter in failed], [letter.id for letter in rest]) == (found[:1], found[2:3])


async def test_a_shown_payload_hides_the_person(parked: Rig) -> None:
    (first, *_) = await ids(parked)
    person = {"person": {"name": "Анна", "phone": "+79991234567"}, "reason": "call +79991234567"}
    await deadletters.retry_letter(parked.db, first, data=person)
    shown = await deadletters.show_letter(parked.db, first)
    assert shown.data == {"person": "***", "reason": "call ***"}


async def test_an_event_parked_behind_what_was_just_replayed_follows(parked: Rig, bad: set[str]) -> None:
    bad.clear()
    await parked.db.pool.execute("UPDATE parked SET state = 'done' WHERE sequence < 4")
    await parked.replayer.look()
    assert await journal(parked.db) == [("a", "4")]


async def _open(rig: Rig, count: int) -> bool:
    return len(await rig.states()) == count
