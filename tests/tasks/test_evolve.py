"""What each effect leaves behind in a process, and how a task is named when it opens."""

from dataclasses import replace
from datetime import timedelta
from uuid import RFC_4122, UUID

import pytest

from services.tasks.engine.effects import (
    AssignTask,
    Breach,
    CancelTimer,
    CloseTask,
    Effect,
    EndProcess,
    MarkOverdue,
    MarkWaiting,
    Move,
    MoveTask,
    OfferWork,
    OpenTask,
    OpenToAll,
    RecordContact,
    RenewRequest,
    ReopenProcess,
    ReserveTask,
    SetOwner,
    SetTimer,
    TakeTask,
    WithdrawWork,
)
from services.tasks.engine.evolve import evolve
from services.tasks.engine.state import (
    Brief,
    Closing,
    MoveReason,
    OperatorId,
    ProcessId,
    State,
    Task,
    TaskState,
    Timer,
    TimerKind,
    new_task,
    task_id_of,
)
from tests.tasks.support import ANNA, BORIS, CALLBACK, DESK, START, blank, facts, started

HOUR, DECISION = timedelta(hours=1), UUID(int=5)
WAITING = replace(started(CALLBACK).task, offered_at=START, waiting=True, version=3)
CLARA = OperatorId(UUID(int=3))
HELD = replace(WAITING, operator_id=ANNA.id, waiting=False, version=4)
CLOSING = Closing(TaskState.COMPLETED, "reached", "поговорили", "x", "here", START)
LATER, OF_TASK = Timer("later", TimerKind.PLAYBOOK, START), Timer("due:x", TimerKind.DUE, START, WAITING.id)


def state() -> State:
    made = blank(CALLBACK, facts())
    made.tasks, made.timers = (WAITING,), (LATER, OF_TASK)
    return made


@pytest.mark.parametrize(
    ("effect", "task"),
    [
        (
            AssignTask("r", WAITING.id, ANNA, DECISION, START),
            replace(HELD, decision_id=DECISION, assigned_at=START, held_since=START),
        ),
        (
            TakeTask("r", WAITING.id, ANNA, START, pulled=True),
            replace(HELD, taken_at=START, held_since=START),
        ),
        (TakeTask("r", WAITING.id, ANNA, START, pulled=False), replace(HELD, taken_at=START)),
        (MarkOverdue("r", WAITING.id), replace(WAITING, overdue=True)),
        (ReserveTask("r", WAITING.id, START), replace(WAITING, reserved_until=START)),
        (
            RecordContact("r", WAITING.id, ANNA, START),
            replace(WAITING, contacted_at=START, contacted_id=ANNA.id),
        ),
        (MarkWaiting("r", WAITING.id), WAITING),
        (OfferWork("r", WAITING.id, START + HOUR, None), replace(WAITING, offered_at=START + HOUR)),
        (RenewRequest("r", WAITING.id), replace(WAITING, offered_at=None, waiting=False, version=4)),
        (WithdrawWork("r", WAITING.id, "why"), replace(WAITING, offered_at=None, waiting=False, version=4)),
        (
            CloseTask("r", WAITING.id, CLOSING),
            replace(WAITING, state=TaskState.COMPLETED, closing=CLOSING, waiting=False, version=4),
        ),
    ],
)
def test_an_effect_changes_its_task_and_no_other(effect: Effect, task: Task) -> None:
    before, other = state(), replace(WAITING, id=started(CALLBACK).task.id)
    before.tasks = (WAITING, other)
    assert evolve(before, effect).tasks == (task, other)


@pytest.mark.parametrize(("avoid", "avoided"), [(True, ANNA.id), (False, None)])
def test_a_released_task_is_as_if_it_had_never_been_given(avoid: bool, avoided: OperatorId | None) -> None:
    before = state()
    given = replace(HELD, decision_id=DECISION, assigned_at=START, taken_at=START, held_since=START, version=5)
    before.tasks = (given,)
    reason = MoveReason.GIVEN_BACK
    effect = MoveTask("r", given.id, Move.RELEASED, ANNA.id, None, START, "x", reason, "", avoid=avoid)
    after = replace(WAITING, offered_at=None, waiting=False, avoid_id=avoided, version=6)
    assert evolve(before, effect).tasks == (after,)


@pytest.mark.parametrize("pulled", [True, False])
def test_who_has_a_task_again_may_be_asked_for_it_again(pulled: bool) -> None:
    before = state()
    before.tasks = (replace(WAITING, avoid_id=ANNA.id),)
    (task,) = evolve(before, TakeTask("r", WAITING.id, ANNA, START, pulled=pulled)).tasks
    assert task.avoid_id is None


def test_a_lent_task_keeps_who_lent_it_first_and_until_when() -> None:
    before = state()
    for lender, borrower in ((ANNA.id, BORIS.id), (BORIS.id, CLARA)):
        reason = MoveReason.LENT
        effect = MoveTask("r", WAITING.id, Move.LENT, lender, borrower, START, "x", reason, "", until=START + HOUR)
        before = evolve(before, effect)
    (task,) = before.tasks
    assert (task.operator_id, task.lender_id, task.lent_until) == (CLARA, ANNA.id, START + HOUR)


NOTE = Brief("Сверить счёт", "chief", personal=True)
GIVEN, TO_LANE, HOME = Move.REASSIGNED, Move.RELEASED, Move.RETURNED


@pytest.mark.req("S2.2")
@pytest.mark.parametrize(
    ("move", "reason", "absent", "brief", "original"),
    [
        (GIVEN, MoveReason.ASSIGNED, None, None, None),
        (GIVEN, MoveReason.REDIRECTED, None, None, None),
        (GIVEN, MoveReason.HANDED_OVER, None, None, None),
        (GIVEN, MoveReason.BACK, None, None, None),
        (GIVEN, MoveReason.REDISTRIBUTED, None, None, None),
        (GIVEN, MoveReason.REDISTRIBUTED, BORIS.id, None, ANNA.id),
        (GIVEN, MoveReason.UNDONE, None, None, ANNA.id),
        (TO_LANE, MoveReason.UNDONE, None, None, None),
        (TO_LANE, MoveReason.GIVEN_BACK, None, None, None),
        (TO_LANE, MoveReason.TAKEN_AWAY, None, None, None),
        (TO_LANE, MoveReason.GIVEN_BACK, None, NOTE, ANNA.id),
        (TO_LANE, MoveReason.OFF_SHIFT, None, None, ANNA.id),
        (HOME, MoveReason.GIVEN_BACK, None, None, ANNA.id),
        (Move.LENT, MoveReason.LENT, None, None, ANNA.id),
    ],
)
def test_only_what_a_stand_in_still_has_is_remembered_as_another_s(
    move: Move, reason: MoveReason, absent: OperatorId | None, brief: Brief | None, original: OperatorId | None
) -> None:
    before = state()
    before.tasks = (replace(HELD, operator_id=BORIS.id, original_id=ANNA.id, brief=brief),)
    to = None if move is TO_LANE else CLARA
    effect = MoveTask("r", HELD.id, move, BORIS.id, to, START, "x", reason, "", original_id=absent)
    (task,) = evolve(before, effect).tasks
    assert task.original_id == original


def test_a_task_that_is_open_to_all_asks_nobody_by_name() -> None:
    before = state()
    before.tasks = (replace(WAITING, among=(ANNA.id,)),)
    after = replace(WAITING, among=(), offered_at=None, waiting=False, version=4)
    assert evolve(before, OpenToAll("r", WAITING.id)).tasks == (after,)


def test_each_change_of_the_owner_is_a_version_of_it() -> None:
    after = evolve(evolve(state(), SetOwner("r", ANNA, None, "x")), SetOwner("r", None, ANNA, "x"))
    assert (after.owner, after.owner_version) == (None, 2)


def test_the_timers_of_a_task_go_with_it() -> None:
    assert evolve(state(), CloseTask("r", WAITING.id, CLOSING)).timers == (LATER,)


def test_a_timer_that_is_set_anew_replaces_the_old_one() -> None:
    moved = replace(LATER, at=START + HOUR)
    assert evolve(state(), SetTimer("r", moved)).timers == (OF_TASK, moved)
    assert evolve(state(), CancelTimer("r", "later")).timers == (OF_TASK,)


def test_a_process_counts_what_it_opened_and_what_was_mended() -> None:
    after = evolve(evolve(state(), OpenTask("r", WAITING)), Breach("r"))
    assert (after.opened, evolve(after, Breach("r")).breaches, len(after.tasks)) == (1, 2, 2)


def test_an_ended_process_has_no_timers_and_may_live_again() -> None:
    over = evolve(state(), EndProcess("r", START))
    assert (over.ended_at, over.timers, evolve(over, ReopenProcess("r")).ended_at) == (START, (), None)


def test_a_task_is_named_by_its_moment_its_process_and_its_number() -> None:
    process = state()
    name = task_id_of(process, START)
    assert (name.version, name.variant, name.int >> 80) == (7, RFC_4122, int(START.timestamp() * 1000))
    second = evolve(process, OpenTask("r", WAITING))
    assert (
        len({name, task_id_of(second, START), task_id_of(state(), START), task_id_of(process, START + HOUR)}) == 4
    )


def test_the_name_of_a_task_never_changes_with_a_release() -> None:
    process = State(ProcessId(UUID(int=1)), DESK, "callback", 1, facts())
    assert task_id_of(process, START) == UUID("019cadc6-9a80-79bf-accb-877dbdad440c")


def test_a_task_is_offered_when_it_is_due_at_the_latest() -> None:
    kind = CALLBACK.task_types["call_back"]
    opened = new_task(state(), kind, START, due_at=START + HOUR, offer_from=START + 2 * HOUR, rule="here")
    assert (opened.offer_from, opened.due_at, opened.opened_at) == (START + HOUR, START + HOUR, START)
    assert (opened.type, opened.role, opened.pool, opened.lane, opened.rank, opened.rule) == (
        "call_back", "operator", "callback", "new", 50, "here",
    )  # fmt: skip
    assert (opened.mode, opened.important, opened.attempt, opened.version) == (kind.mode, kind.important, 1, 1)
