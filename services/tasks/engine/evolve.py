"""Application of effects to the state; the state changes nowhere else."""

from collections.abc import Mapping
from datetime import datetime
from typing import TypeVar, assert_never
from uuid import UUID

from libs.common.domain.frozen import replace
from services.tasks.engine.asking import RequestChange, StopAttempts, WithdrawMessage
from services.tasks.engine.effects import (
    AssignTask,
    Breach,
    BringForward,
    CancelTimer,
    CloseTask,
    CountAttempt,
    DeclineWork,
    DeferTask,
    Effect,
    EndProcess,
    FollowStatus,
    Learn,
    MarkOverdue,
    MarkWaiting,
    Move,
    MoveTask,
    OfferWork,
    OpenTask,
    OpenToAll,
    Record,
    RecordContact,
    Refuse,
    RemindOfTask,
    RenewRequest,
    ReopenProcess,
    RequestMessage,
    ReserveTask,
    SetOwner,
    SetStatus,
    SetTimer,
    Start,
    StartProcess,
    TakeTask,
    WithdrawWork,
)
from services.tasks.engine.kept import AddDocument, Count, Forget, Kept, RaiseCharge, TakeBack
from services.tasks.engine.state import Closing, MoveReason, Operator, OperatorId, State, Task, Timer

T = TypeVar("T")


def evolve(state: State, effect: Effect) -> State:
    """Return a new state after an effect."""
    after = state.copy()
    apply(after, effect)
    return after


def apply(state: State, effect: Effect) -> None:
    """Apply an effect to a state in place."""
    match effect:
        case (
            OpenTask()
            | AssignTask()
            | TakeTask()
            | MoveTask()
            | ReserveTask()
            | RecordContact()
            | CloseTask()
            | DeferTask()
            | MarkOverdue()
            | MarkWaiting()
            | OfferWork()
            | BringForward()
            | WithdrawWork()
            | RenewRequest()
            | OpenToAll()
        ):
            _tasks(state, effect)
        case TakeBack():
            _take_back(state, effect)
        case SetTimer(timer=timer):
            state.timers = (*_without(state.timers, timer.name), timer)
        case CancelTimer(name=name):
            state.timers = _without(state.timers, name)
        # A declined proposal changes nothing: the current request remains valid. Another process has its own state.
        case Record() | Refuse() | DeclineWork() | StartProcess():
            pass
        # What others are reminded of, or asked for, changes nothing here until they answer.
        case RequestChange() | WithdrawMessage() | RemindOfTask():
            pass
        case _:
            _process(state, effect)


def _process(  # noqa: C901 - one flat case per effect
    state: State,
    effect: Start
    | Learn
    | SetStatus
    | FollowStatus
    | SetOwner
    | RequestMessage
    | CountAttempt
    | StopAttempts
    | EndProcess
    | ReopenProcess
    | Breach
    | Kept,
) -> None:
    match effect:
        case Start(at=at):
            state.started_at = at
            state.status, state.stage = effect.status or state.status, effect.stage or state.stage
        case Learn(facts=facts):
            state.facts = facts
        case SetStatus(status=status, stage=stage) | FollowStatus(status=status, stage=stage):
            state.status, state.stage = status, stage
        case SetOwner(owner=owner):
            state.owner, state.owner_version = owner, state.owner_version + 1
            state.tasks = tuple(_stood_in(task, effect) for task in state.tasks)
        case RequestMessage(spec=spec, number=number):
            state.messages = {**state.messages, spec.code: number}
        case CountAttempt(policy=policy, count=count):
            state.attempts = {**state.attempts, policy: count}
        case StopAttempts(policy=policy):
            state.attempts = {code: count for code, count in state.attempts.items() if code != policy}
        case EndProcess(at=at):
            state.ended_at, state.timers = at, ()
        case ReopenProcess():
            state.ended_at = None
        case Breach():
            state.breaches += 1
        case Count(counter=counter, count=count):
            state.counts = {**state.counts, counter: count}
        case RaiseCharge(spec=spec):
            state.charges = (*state.charges, spec.code)
        case AddDocument(document=document):
            state.documents = (*state.documents, document)
        case Forget(names=names):
            state.fields = {name: value for name, value in state.fields.items() if name not in names}
        case _:
            assert_never(effect)


def _tasks(
    state: State,
    effect: OpenTask
    | AssignTask
    | TakeTask
    | MoveTask
    | ReserveTask
    | RecordContact
    | CloseTask
    | DeferTask
    | MarkOverdue
    | MarkWaiting
    | OfferWork
    | BringForward
    | WithdrawWork
    | RenewRequest
    | OpenToAll,
) -> None:
    match effect:
        case OpenTask(task=task):
            state.tasks, state.opened = (*state.tasks, task), state.opened + 1
        case CloseTask(task_id=task_id, closing=closing):
            _close(state, task_id, closing)
        case DeferTask(task_id=task_id, closing=closing, successor=successor):
            _close(state, task_id, closing)
            state.tasks, state.opened = (*state.tasks, successor), state.opened + 1
        case _:
            state.tasks = tuple(_changed(t, effect) if t.id == effect.task_id else t for t in state.tasks)


def _changed(  # noqa: C901 - one flat case per effect
    task: Task,
    effect: AssignTask
    | TakeTask
    | MoveTask
    | ReserveTask
    | RecordContact
    | MarkOverdue
    | MarkWaiting
    | OfferWork
    | BringForward
    | WithdrawWork
    | RenewRequest
    | OpenToAll,
) -> Task:
    match effect:
        case AssignTask(operator=operator, decision_id=decision_id, at=at):
            original = task.original_id or effect.original_id
            given = _given(task, operator, at)
            return replace(given, decision_id=decision_id, assigned_at=at, original_id=original)
        case TakeTask(operator=operator, at=at, pulled=pulled):
            return replace(_given(task, operator, at if pulled else task.held_since), taken_at=at)
        case MoveTask():
            return _moved(task, effect)
        case ReserveTask(until=until):
            return replace(task, reserved_until=until)
        case RecordContact(operator=operator, at=at):
            return replace(
                task, contacted_at=task.contacted_at or at, contacted_id=operator.id, reserved_until=None
            )
        case MarkOverdue():
            return replace(task, overdue=True)
        case MarkWaiting():
            return replace(task, waiting=True)
        case OfferWork(at=at):
            return replace(task, offered_at=at)
        case BringForward(at=at):
            return replace(task, offer_from=at)
        case WithdrawWork() | RenewRequest():
            # A later request needs a new version: assignment ignores versions that it has seen.
            return replace(task, offered_at=None, waiting=False, version=task.version + 1)
        case OpenToAll():
            return replace(task, among=(), offered_at=None, waiting=False, version=task.version + 1)
        case _:
            assert_never(effect)


def _given(task: Task, operator: Operator, since: datetime | None) -> Task:
    """Return a task that an operator has now; a later request may ask any operator again."""
    return replace(
        task,
        operator_id=operator.id,
        held_since=since,
        avoid_id=None,
        among=(),
        waiting=False,
        version=task.version + 1,
    )


#: Reasons for which nobody stands in any more: it is with whose it was, or is another's because a person said so.
_NO_STAND_IN = frozenset(
    {MoveReason.UNDONE, MoveReason.BACK, MoveReason.ASSIGNED, MoveReason.REDIRECTED, MoveReason.HANDED_OVER}
    | {MoveReason.REDISTRIBUTED}
)
#: Those of a lead that is another's because a person said so.
_FOR_GOOD = _NO_STAND_IN - {MoveReason.UNDONE, MoveReason.BACK}
#: Likewise of what goes to its lane; but a task for one person waits there for that person.
_LAID_DOWN = frozenset({MoveReason.GIVEN_BACK, MoveReason.TAKEN_AWAY})


def _moved(task: Task, effect: MoveTask) -> Task:
    """Return a task in other hands: neither assigned by a decision nor taken, and any request for it is over."""
    lent = effect.move is Move.LENT
    return replace(
        task,
        operator_id=effect.operator_id,
        decision_id=None,
        assigned_at=None,
        taken_at=None,
        held_since=None if effect.operator_id is None else effect.at,
        avoid_id=effect.previous_id if effect.avoid else None,
        among=effect.among,
        lender_id=(task.lender_id or effect.previous_id) if lent else None,
        lent_until=effect.until if lent else None,
        reserved_until=None,
        offered_at=None,
        waiting=False,
        version=task.version + 1,
        original_id=_whose(task, effect),
    )


def _whose(task: Task, effect: MoveTask) -> OperatorId | None:
    """Return whose a task is that moves: it stays that of the first, also if who stands in is absent too (S2.2)."""
    first = _still_stood_in_for(task, effect)
    if effect.original_id is not None:
        first = task.original_id or effect.original_id
    return None if first == effect.operator_id else first


def _still_stood_in_for(task: Task, effect: MoveTask) -> OperatorId | None:
    """Return for whom a stand-in still has a task that moves; it goes back to them once they come (S2.2)."""
    if effect.reason is MoveReason.UNDONE and effect.operator_id is not None:
        return task.original_id  # it is back with who stood in, or with whose it was
    if effect.reason in _NO_STAND_IN:
        return None
    laid_down = effect.move is Move.RELEASED and effect.reason in _LAID_DOWN
    is_personal = task.brief is not None and task.brief.personal
    return None if laid_down and not is_personal else task.original_id


def _stood_in(task: Task, effect: SetOwner) -> Task:
    """Return a task of a lead with another owner: who gets one that waits stands in for an absent owner."""
    theirs = effect.owner is not None and effect.owner.id == task.original_id
    for_good = effect.original_id is None and effect.reason in _FOR_GOOD
    original = None if theirs or for_good else task.original_id or effect.original_id
    if task.operator_id is not None or task.closing is not None or original == task.original_id:
        return task
    return replace(task, original_id=original)


def _close(state: State, task_id: UUID, closing: Closing) -> None:
    """Close a task and remove its timers; what was filled in is known to the process from now on."""
    if closing.fields:
        state.fields = {**state.fields, **closing.fields}
    state.tasks = tuple(
        replace(task, state=closing.result, closing=closing, waiting=False, version=task.version + 1)
        if task.id == task_id
        else task
        for task in state.tasks
    )
    state.timers = tuple(timer for timer in state.timers if timer.task_id != task_id)


def _take_back(state: State, effect: TakeBack) -> None:
    """Open a closed task again, and give what its outcome counted and filled in the values from before."""
    if effect.reopens:
        state.tasks = tuple(
            replace(effect.task, version=task.version + 1) if task.id == effect.task_id else task
            for task in state.tasks
        )
    state.attempts = _restored(state.attempts, effect.attempts)
    state.counts = _restored(state.counts, effect.counts)
    state.fields = _restored(state.fields, effect.fields)
    state.documents = tuple(document for document in state.documents if document not in effect.documents)


def _restored(now: Mapping[str, T], before: Mapping[str, T | None]) -> Mapping[str, T]:
    kept = {name: value for name, value in now.items() if name not in before}
    return {**kept, **{name: value for name, value in before.items() if value is not None}}


def _without(timers: tuple[Timer, ...], name: str) -> tuple[Timer, ...]:
    return tuple(timer for timer in timers if timer.name != name)
