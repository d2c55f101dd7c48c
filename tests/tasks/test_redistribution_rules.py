"""Who gets which lead of a redistribution, what stands in the way, and what can be taken back (S2.2, P.15)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.tasks.engine.effects import AssignTask, CloseTask, Effect, Move, MoveTask, OpenToAll, TakeTask
from services.tasks.engine.state import Closing, MoveReason, Operator, State, TaskState
from services.tasks.redistributions.rules import (
    Found,
    Member,
    MemberState,
    Note,
    Target,
    answers,
    obstacle,
    plan,
    undo,
)
from tests.tasks.support import ANNA, BORIS, CALLBACK, START, started

OPERATOR = frozenset({"operator"})
TO_ANNA, TO_BORIS = Target(ANNA, OPERATOR), Target(BORIS, OPERATOR)
OPEN = started(CALLBACK).task


def found(
    lead: int, *, owned: bool = True, task: bool = True, taken: bool = False, role: str = "operator"
) -> Found:
    of_task = (OPEN.id, "call_back", 3, role, taken) if task else ()
    return Found(UUID(int=lead), UUID(int=lead), "1042", owned, 1, *of_task)


def given_to(members: Sequence[Member]) -> list[str | None]:
    return [member.to.name if member.to else None for member in members]


def moved() -> tuple[Member, State]:
    """A member that went from Anna to Boris, and its lead as it is then."""
    (member,) = plan([found(1)], [TO_BORIS])
    state = started(CALLBACK).state.copy()
    state.owner, state.owner_version = BORIS, 2
    state.tasks = (replace(OPEN, operator_id=BORIS.id),)
    return replace(member, state=MemberState.MOVED, moved_owner_version=2), state


def planned() -> tuple[Member, State]:
    """A member that is to go from Anna to Boris, and its lead as the plan named it."""
    (member,) = plan([found(1)], [TO_BORIS])
    state = started(CALLBACK).state.copy()
    state.owner, state.owner_version = ANNA, 1
    state.tasks = (replace(OPEN, operator_id=ANNA.id, version=3),)
    return member, state


def test_leads_go_to_the_targets_in_turn() -> None:
    assert given_to(plan([found(n) for n in range(4)], [TO_ANNA, TO_BORIS])) == ["Анна", "Борис", "Анна", "Борис"]


def test_without_targets_leads_go_to_nobody() -> None:
    (member,) = plan([found(1)], [])
    assert (member.to, member.state, member.moves_owner, member.moves_task) == (
        None,
        MemberState.PLANNED,
        True,
        True,
    )


def test_all_tasks_of_a_lead_go_to_one_and_its_owner_moves_once() -> None:
    members = plan([found(1), found(1), found(2)], [TO_ANNA, TO_BORIS])
    assert given_to(members) == ["Анна", "Анна", "Борис"]
    assert [member.moves_owner for member in members] == [True, False, True]


def test_a_lead_whose_task_needs_a_role_goes_to_who_has_it() -> None:
    adviser = Target(BORIS, frozenset({"adviser"}))
    members = plan([found(1, role="adviser"), found(2, role="adviser"), found(3)], [TO_ANNA, adviser])
    assert given_to(members) == ["Борис", "Борис", "Анна"]


def test_a_lead_for_which_nobody_fits_stays_and_says_why() -> None:
    (member,) = plan([found(1, role="adviser")], [TO_ANNA])
    assert (member.state, member.note, member.to) == (MemberState.STAYS, Note.OPERATOR_UNFIT, None)


def test_a_taken_task_stays_and_the_owner_moves() -> None:
    (member,) = plan([found(1, taken=True)], [TO_ANNA])
    assert (member.state, member.note) == (MemberState.PLANNED, Note.TASK_TAKEN)
    assert (member.moves_owner, member.moves_task) == (True, False)


def test_nothing_moves_of_a_foreign_lead_whose_task_was_taken() -> None:
    (member,) = plan([found(1, owned=False, taken=True)], [TO_ANNA])
    assert (member.state, member.note) == (MemberState.STAYS, Note.TASK_TAKEN)


def test_the_task_of_a_foreign_lead_moves_without_its_owner() -> None:
    (member,) = plan([found(1, owned=False)], [TO_ANNA])
    assert (member.state, member.moves_owner, member.moves_task) == (MemberState.PLANNED, False, True)


@given(st.integers(1, 5), st.integers(0, 40))
def test_equal_targets_get_equally_many_leads(people: int, leads: int) -> None:
    targets = [Target(replace(ANNA, name=str(number)), OPERATOR) for number in range(people)]
    counts = Counter(given_to(plan([found(n) for n in range(leads)], targets)))
    counts.update({target.operator.name: 0 for target in targets})
    assert max(counts.values()) - min(counts.values()) <= 1


def test_what_is_as_planned_moves() -> None:
    member, state = planned()
    assert obstacle(member, state, ANNA.id) is None


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"taken_at": START}, Note.TASK_TAKEN),
        ({"version": 4}, Note.TASK_MOVED),
        ({"operator_id": BORIS.id}, Note.TASK_MOVED),
        ({"state": TaskState.COMPLETED}, Note.TASK_ENDED),
    ],
)
def test_a_task_that_is_not_as_planned_keeps_the_member(changes: dict[str, Any], note: Note) -> None:
    member, state = planned()
    state.tasks = (replace(state.tasks[0], **changes),)
    assert obstacle(member, state, ANNA.id) is note


@pytest.mark.parametrize(("owner", "version"), [(BORIS, 1), (ANNA, 2), (None, 1)])
def test_an_owner_who_is_not_as_planned_keeps_the_member(owner: Operator | None, version: int) -> None:
    member, state = planned()
    state.owner, state.owner_version = owner, version
    assert obstacle(member, state, ANNA.id) is Note.OWNER_CHANGED


def test_an_ended_lead_neither_moves_nor_comes_back() -> None:
    member, state = planned()
    state.ended_at = START
    assert obstacle(member, state, ANNA.id) is Note.LEAD_ENDED
    assert undo(member, state, ANNA, present=True).note is Note.LEAD_ENDED


def test_the_end_of_a_taken_task_is_no_obstacle_to_its_owner() -> None:
    (member,) = plan([found(1, taken=True)], [TO_BORIS])
    _, state = planned()
    state.tasks = ()
    assert obstacle(member, state, ANNA.id) is None


@pytest.mark.parametrize(("present", "task_to"), [(True, ANNA), (False, None)])
def test_what_is_untouched_comes_back_its_task_only_to_who_is_there(present: bool, task_to: object) -> None:
    member, state = moved()
    verdict = undo(member, state, ANNA, present=present)
    assert (verdict.possible, verdict.task_to) == (True, task_to)


def test_what_no_operator_has_comes_back_too() -> None:
    member, state = moved()
    state.tasks = (replace(state.tasks[0], operator_id=None),)
    assert undo(member, state, ANNA, present=True).possible


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"taken_at": START}, Note.TASK_TAKEN),
        ({"operator_id": ANNA.id}, Note.TASK_MOVED),
        ({"lender_id": ANNA.id}, Note.TASK_MOVED),
        ({"state": TaskState.FAILED}, Note.TASK_ENDED),
    ],
)
def test_what_was_touched_since_stays_and_says_why(changes: dict[str, Any], note: Note) -> None:
    member, state = moved()
    state.tasks = (replace(state.tasks[0], **changes),)
    verdict = undo(member, state, ANNA, present=True)
    assert (verdict.possible, verdict.note) == (False, note)


@pytest.mark.parametrize(("owner", "version"), [(ANNA, 3), (BORIS, 3), (None, 2)])
def test_a_lead_whose_owner_changed_since_stays(owner: Operator | None, version: int) -> None:
    member, state = moved()
    state.owner, state.owner_version = owner, version
    assert undo(member, state, ANNA, present=True).note is Note.OWNER_CHANGED


def test_a_member_of_a_task_alone_does_not_look_at_the_owner() -> None:
    member, state = moved()
    state.owner = None
    assert undo(replace(member, moves_owner=False), state, ANNA, present=True).possible


CLOSING = Closing(TaskState.COMPLETED, None, "да", "x", "r", START)


RELEASED = MoveTask("r", OPEN.id, Move.RELEASED, None, None, START, "x", MoveReason.OFF_SHIFT, "")
ANSWERS: list[tuple[Effect, tuple[MemberState, Note | None]]] = [
    (AssignTask("r", OPEN.id, BORIS, UUID(int=1), START), (MemberState.MOVED, None)),
    (TakeTask("r", OPEN.id, BORIS, START, pulled=True), (MemberState.MOVED, None)),
    (TakeTask("r", OPEN.id, ANNA, START, pulled=True), (MemberState.CHANGED, Note.TASK_TAKEN)),
    (OpenToAll("r", OPEN.id), (MemberState.NO_ROOM, None)),
    (CloseTask("r", OPEN.id, CLOSING), (MemberState.CHANGED, Note.TASK_ENDED)),
    (RELEASED, (MemberState.CHANGED, Note.TASK_MOVED)),
]


@pytest.mark.parametrize(("effect", "answer"), ANSWERS)
def test_what_becomes_of_a_task_answers_its_member(effect: Effect, answer: tuple[MemberState, Note | None]) -> None:
    assert answers({OPEN.id: (BORIS.id,)}, [effect]) == {OPEN.id: answer}


def test_a_task_that_asked_for_nobody_by_name_answers_nothing() -> None:
    assert answers({}, [OpenToAll("r", OPEN.id)]) == {}
