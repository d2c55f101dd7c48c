"""Parked keys: shown, released, corrected, discarded, replayed in order."""

from collections.abc import Sequence

import pytest

from libs.common.contracts import Cause, EventData, Outgoing, Received, export
from libs.common.contracts.intake import LeadReceived
from libs.common.messaging.deadletters import store as deadletters
from libs.common.messaging.deadletters.store import (
    DeadLetterState,
    MaskedDataError,
    NoSuchDeadLetterError,
    WrongStateError,
)
from libs.common.messaging.inbox import Transient
from libs.common.platform.db import Transaction
from libs.common.testkit.messaging import NOON, Stack, eventually, journal, note_down, reason, running, status_event

_MANY = """
INSERT INTO parked (topic, partition, "offset", event_id, type, key, sequence, desk, time, headers, body, state)
SELECT topic, partition, 1000 + n, uuidv7(), type, ' ' || n, 1, desk, time, headers, body, 'retrying'
FROM generate_series(1, 150) AS n, (SELECT * FROM parked LIMIT 1) AS one
"""
BAD = {"poison", "worse"}


@pytest.fixture
def bad() -> set[str]:
    return set(BAD)


@pytest.fixture
async def parked(stack: Stack, bad: set[str]) -> Stack:
    """A failed event of key `a` with three behind it, one of them poisoned too."""

    async def use_case(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
        await note_down(tx, events)
        for event in events:
            if reason(event.data) in bad:
                raise Transient if reason(event.data) == "moody" else ValueError("bad")

    stack.use_case = use_case
    await stack.publish([status_event("a", note) for note in ("poison", "2", "worse", "4")])
    async with running(stack.consumer().run):
        await eventually(lambda: _open(stack, 4))
    return stack


async def ids(stack: Stack) -> list[int]:
    return [dead_letter.id for dead_letter in await deadletters.list_dead_letters(stack.db)]


async def test_a_cured_key_is_replayed_in_order_up_to_the_next_failure(parked: Stack, bad: set[str]) -> None:
    bad.remove("poison")
    await deadletters.retry_dead_letter(parked.db, (await ids(parked))[0], note="mended")
    await parked.replayer.look()
    assert await journal(parked.db) == [("a", "poison"), ("a", "2")]
    assert [state for _, state in await parked.states()] == ["done", "done", "failed", "blocked"]


async def test_after_the_last_cure_everything_is_done_and_new_events_flow(parked: Stack, bad: set[str]) -> None:
    bad.clear()
    await deadletters.retry_dead_letter(parked.db, (await ids(parked))[0])
    await parked.replayer.look()
    await parked.publish([status_event("a", "5")])
    async with running(parked.consumer().run):
        notes = await parked.noted(5)
    assert [note for _, note in notes] == ["poison", "2", "worse", "4", "5"]


async def test_a_replay_that_fails_again_changes_nothing_and_counts(parked: Stack) -> None:
    (first, *_) = await ids(parked)
    await deadletters.retry_dead_letter(parked.db, first)
    await parked.replayer.look()
    dead_letter = (await deadletters.show_dead_letter(parked.db, first)).dead_letter
    assert (dead_letter.state, dead_letter.attempts, await journal(parked.db)) == (DeadLetterState.FAILED, 2, [])


async def test_a_transient_error_leaves_a_released_event_released(parked: Stack, bad: set[str]) -> None:
    (first, *_) = await ids(parked)
    bad.add("moody")
    await deadletters.retry_dead_letter(parked.db, first, patch={"reason": "moody"})
    await parked.replayer.look()
    assert (await deadletters.show_dead_letter(parked.db, first)).dead_letter.state is DeadLetterState.RETRYING


async def test_a_corrected_payload_is_what_is_replayed(parked: Stack) -> None:
    (first, *_) = await ids(parked)
    await deadletters.retry_dead_letter(parked.db, first, note="typo", patch={"reason": "cured"})
    await parked.replayer.look()
    assert await journal(parked.db) == [("a", "cured"), ("a", "2")]


async def test_discarding_lets_the_next_ones_go_on(parked: Stack) -> None:
    await deadletters.discard_dead_letter(parked.db, (await ids(parked))[0], note="anna: a test lead")
    await parked.replayer.look()
    assert await journal(parked.db) == [("a", "2")]
    assert [state for _, state in await parked.states()] == ["discarded", "done", "failed", "blocked"]


async def test_what_only_waits_cannot_be_released(parked: Stack) -> None:
    with pytest.raises(WrongStateError, match="blocked"):
        await deadletters.retry_dead_letter(parked.db, (await ids(parked))[1])


async def test_what_is_done_cannot_be_discarded(parked: Stack, bad: set[str]) -> None:
    (first, *_) = await ids(parked)
    bad.clear()
    await deadletters.retry_dead_letter(parked.db, first)
    await parked.replayer.look()
    with pytest.raises(WrongStateError, match="done"):
        await deadletters.discard_dead_letter(parked.db, first, note="late")


async def test_an_unknown_id_is_an_error_of_its_own(stack: Stack) -> None:
    with pytest.raises(NoSuchDeadLetterError):
        await deadletters.show_dead_letter(stack.db, 1)
    with pytest.raises(NoSuchDeadLetterError):
        await deadletters.retry_dead_letter(stack.db, 1)


async def test_lists_are_filtered_and_paged(parked: Stack) -> None:
    found = await ids(parked)
    failed = await deadletters.list_dead_letters(parked.db, states=[DeadLetterState.FAILED])
    rest = await deadletters.list_dead_letters(parked.db, key="a", after=found[1], limit=1)
    assert ([dead_letter.id for dead_letter in failed], [dead_letter.id for dead_letter in rest]) == (
        found[:1],
        found[2:3],
    )


async def test_a_shown_payload_hides_the_person(parked: Stack) -> None:
    (first, *_) = await ids(parked)
    person = {"person": {"name": "Анна", "phone": "+79991234567"}, "reason": "call +79991234567"}
    await deadletters.retry_dead_letter(parked.db, first, patch=person)
    shown = (await deadletters.show_dead_letter(parked.db, first)).data
    assert isinstance(shown, dict)
    assert (shown["person"], shown["reason"]) == ("***", "call ***")


async def test_an_event_with_a_person_is_corrected_without_a_look_at_the_person(stack: Stack) -> None:
    lead = LeadReceived.model_validate(export.example_of(LeadReceived))
    broken = lead.model_copy(update={"zone": "Moscow"})
    stack.use_case = applied = Mending()
    stack.types = [LeadReceived.event_type]
    stack.__post_init__()
    await stack.publish([Outgoing("lead:1", "demo", NOON, broken, Cause.fresh())])
    async with running(stack.consumer().run):
        await eventually(lambda: _open(stack, 1))
    await deadletters.retry_dead_letter(
        stack.db, (await ids(stack))[0], patch={"zone": "Europe/Moscow", "person": {}}
    )
    await stack.replayer.look()
    assert applied.leads == [lead.model_copy(update={"zone": "Europe/Moscow"})]


@pytest.mark.parametrize("patch", [{"reason": "call ***"}, {"person": "***"}, {"items": [{"title": "***"}]}])
async def test_what_was_hidden_never_replaces_what_it_stands_for(parked: Stack, patch: dict[str, object]) -> None:
    with pytest.raises(MaskedDataError, match="only the fields that change"):
        await deadletters.retry_dead_letter(parked.db, (await ids(parked))[0], patch=patch)


# The examples of RFC 7396, appendix A.
@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}), ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}), ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}), ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}), ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        (["a", "b"], ["c", "d"], ["c", "d"]), ({"a": "b"}, ["c"], ["c"]), ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"), ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)  # fmt: skip
def test_a_correction_is_a_json_merge_patch(target: object, patch: object, result: object) -> None:
    assert deadletters.merged(target, patch) == result


async def test_a_body_that_is_no_object_is_replaced_by_the_correction(parked: Stack) -> None:
    await parked.db.pool.execute("UPDATE parked SET body = 'not JSON'")
    await deadletters.retry_dead_letter(parked.db, (await ids(parked))[0], patch={"a": 1})
    assert await parked.db.pool.fetchval("SELECT body FROM parked WHERE state = 'retrying'") == b'{"a":1}'


async def test_a_state_that_has_none_left_is_shown_as_none(parked: Stack) -> None:
    await parked.replayer.count()
    shown = [parked.counted("dead_letters", state=state) for state in ("failed", "blocked", "discarded")]
    await parked.db.pool.execute("UPDATE parked SET state = 'discarded'")
    await parked.replayer.count()
    assert shown == [1, 3, 0]
    assert [parked.counted("dead_letters", state=state) for state in ("failed", "blocked", "discarded")] == [
        0,
        0,
        4,
    ]


async def test_a_hundred_keys_that_wait_do_not_keep_the_next_one_from_moving(parked: Stack, bad: set[str]) -> None:
    bad.clear()
    await parked.db.pool.execute(_MANY)
    async with parked.db.begin() as tx:
        await tx.conn.execute("SELECT FROM parked WHERE key <> 'a' FOR UPDATE")
        await parked.db.pool.execute("UPDATE parked SET state = 'retrying' WHERE key = 'a' AND state = 'failed'")
        async with running(parked.replayer.run):
            assert len(await parked.noted(4)) == 4


async def test_an_event_parked_behind_what_was_just_replayed_follows(parked: Stack, bad: set[str]) -> None:
    bad.clear()
    await parked.db.pool.execute("UPDATE parked SET state = 'done' WHERE sequence < 4")
    await parked.replayer.look()
    assert await journal(parked.db) == [("a", "4")]


class Mending:
    """A use case that takes leads of a known time zone."""

    def __init__(self) -> None:
        self.leads: list[EventData] = []

    async def __call__(self, tx: Transaction, events: Sequence[Received[EventData]]) -> None:
        for event in events:
            assert isinstance(event.data, LeadReceived)
            if event.data.zone == "Moscow":
                raise ValueError("no such zone")
            self.leads.append(event.data)


async def _open(stack: Stack, count: int) -> bool:
    return len(await stack.states()) == count
