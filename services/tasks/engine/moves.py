"""Open tasks that change hands: each move is an input with an effect of its own (P.3)."""

from collections.abc import Set
from datetime import datetime
from typing import TypeAlias

from libs.common.contracts.shared import Mode
from libs.common.domain.frozen import replace
from services.tasks.engine.claims import reserve
from services.tasks.engine.effects import Move, MoveTask, Refusal, Refuse, RenewRequest, SetOwner
from services.tasks.engine.events import LeadGiven, Lent, Reassigned, Redistributed, Released, Returned
from services.tasks.engine.run import Run
from services.tasks.engine.state import SYSTEM, MoveReason, Operator, OperatorId, Task
from services.tasks.playbooks.terms import Trigger

RETURN = "return"  # the timer at the end of a loan
_RULE = "engine.move"
#: Reasons for which a lent task goes back to who lent it instead of to its lane.
_TO_LENDER = frozenset({MoveReason.OFF_SHIFT, MoveReason.AWAY, MoveReason.INACTIVE, MoveReason.GIVEN_BACK})

Moving: TypeAlias = Released | Reassigned | Lent | Returned | LeadGiven | Redistributed


def move(run: Run, event: Moving) -> None:
    """Apply a move, or refuse it; `assigned` triggers run for who is given a task for good."""
    run.rule, run.actor = _RULE, event.actor
    if isinstance(event, LeadGiven):
        _give_lead(run, event)
        return
    if isinstance(event, Redistributed):
        _redistribute(run, event)
        return
    task = run.state.open_task(event.task_id)
    refusal = Refusal.TASK_CLOSED if task is None else _refusal(task, event)
    if task is None or refusal is not None:
        run.emit(Refuse(_RULE, refusal or Refusal.TASK_CLOSED))
        return
    match event:
        case Released(reason=reason, comment=comment, gone=gone):
            if reason in _TO_LENDER and task.lender_id not in {None, *gone}:
                _emit(run, task, Move.RETURNED, task.lender_id, reason, comment)
            else:
                _emit(run, task, Move.RELEASED, None, reason, comment)
        case Reassigned(to=to, reason=reason, comment=comment):
            reassign(run, task, to, reason, comment)
        case Lent(to=to, until=until, comment=comment):
            _emit(run, task, Move.LENT, to.id, MoveReason.LENT, comment, until)
        case Returned(comment=comment, gone=gone):
            give_back(run, task, MoveReason.HANDED_BACK, gone, comment)


def reassign(run: Run, task: Task, to: Operator, reason: MoveReason, comment: str) -> None:
    """Give a task to an operator by name; what being assigned it does is its type's data."""
    run.withdraw(task, "assigned")
    _emit(run, task, Move.REASSIGNED, to.id, reason, comment)
    run.task, run.operator = task, to
    claim = run.playbook.task_types[task.type].on_assigned
    if claim.owns:
        set_owner(run, to, reason, comment)
    reserve(run, replace(task, reserved_until=None), claim, to)
    run.rules(run.playbook.triggers.get(Trigger.TASK_ASSIGNED, ()))


def give_back(run: Run, task: Task, reason: MoveReason, gone: Set[OperatorId], comment: str = "") -> None:
    """End a loan: the task goes back to who lent it, or to its lane if they are not there."""
    if task.lender_id is None or task.lender_id in gone:
        _emit(run, task, Move.RELEASED, None, MoveReason.LENDER_GONE, comment)
    else:
        _emit(run, task, Move.RETURNED, task.lender_id, reason, comment)


def loan_over(run: Run, task: Task, gone: Set[OperatorId]) -> None:
    """End a loan whose time is over."""
    run.rule, run.actor = _RULE, SYSTEM
    if task.lent_until is not None and task.lent_until <= run.now:
        give_back(run, task, MoveReason.LOAN_OVER, gone)


def lapse(run: Run, task: Task) -> None:
    """End a reservation that no contact followed: the task goes back to its lane (S4.3)."""
    run.rule, run.actor = _RULE, SYSTEM
    if task.reserved_until is not None and task.reserved_until <= run.now and task.operator_id is not None:
        _emit(run, task, Move.RELEASED, None, MoveReason.RESERVATION_LAPSED, "")


def set_owner(
    run: Run, owner: Operator | None, reason: MoveReason, comment: str, absent: OperatorId | None = None
) -> None:
    """Change the owner of the lead, in the name of who moves it; `absent`: for whom the new one stands in."""
    if owner != run.state.owner:
        run.emit(SetOwner(_RULE, owner, run.state.owner, reason, run.actor, comment, original_id=absent))


def _give_lead(run: Run, event: LeadGiven) -> None:
    if not run.state.live:
        run.emit(Refuse(_RULE, Refusal.LEAD_ENDED))
        return
    set_owner(run, event.to, event.reason, event.comment)
    for task in run.state.open_tasks:
        if task.taken_at is None and task.operator_id != event.to.id and task.role in event.roles:
            reassign(run, task, event.to, event.reason, event.comment)


def _redistribute(run: Run, event: Redistributed) -> None:
    """Change the owner and move the task; who asks for fences has checked them under the lock."""
    if event.moves_owner:
        set_owner(run, event.owner, event.reason, event.comment, event.absent)
    task = run.state.open_task(event.task_id) if event.task_id is not None else None
    absent = event.absent
    if task is None:
        _ask_anew(run)
    elif event.to is None:
        if task.operator_id is not None:
            _emit(run, task, Move.RELEASED, None, event.reason, event.comment, absent=absent)
    elif event.ask and task.mode is not Mode.PULL and task.operator_id is not None:
        among = (event.to.id,)
        _emit(run, task, Move.RELEASED, None, event.reason, event.comment, among=among, absent=absent)
    else:
        run.withdraw(task, "assigned")
        _emit(run, task, Move.REASSIGNED, event.to.id, event.reason, event.comment, absent=absent)


def _ask_anew(run: Run) -> None:
    """Renew the requests that prefer the owner of the lead: it is another one now."""
    for task in run.state.open_tasks:
        pending = task.operator_id is None and task.offered_at is not None
        if pending and run.playbook.task_types[task.type].prefer_owner:
            run.emit(RenewRequest(_RULE, task.id))


def _refusal(task: Task, event: Released | Reassigned | Lent | Returned) -> Refusal | None:
    match event:
        case Released(holder=holder, untaken=untaken):
            if task.operator_id is None:
                return Refusal.NOT_HELD
            others = untaken and task.taken_at is not None
            return Refusal.TAKEN_BY_OTHER if others else _holder_refusal(task, holder)
        case Reassigned(to=to, holder=holder):
            theirs = task.operator_id == to.id
            return Refusal.ALREADY_THEIRS if theirs else _holder_refusal(task, holder)
        case Lent(to=to, holder=holder):
            if task.operator_id is None:
                return Refusal.NOT_HELD
            theirs = to.id in (task.operator_id, task.lender_id)
            return Refusal.ALREADY_THEIRS if theirs else _holder_refusal(task, holder)
        case Returned(by=by):
            if task.lender_id is None:
                return Refusal.NOT_LENT
            return None if by is None or by == task.lender_id else _holder_refusal(task, by)


def _holder_refusal(task: Task, holder: OperatorId | None) -> Refusal | None:
    return Refusal.TAKEN_BY_OTHER if holder is not None and task.operator_id != holder else None


def _emit(
    run: Run,
    task: Task,
    kind: Move,
    to: OperatorId | None,
    reason: MoveReason,
    comment: str,
    until: datetime | None = None,
    among: tuple[OperatorId, ...] = (),
    absent: OperatorId | None = None,
) -> None:
    effect = MoveTask(
        rule=_RULE,
        task_id=task.id,
        move=kind,
        previous_id=task.operator_id,
        lender_id=task.lender_id,
        operator_id=to,
        at=run.now,
        actor=run.actor,
        reason=reason,
        comment=comment,
        taken=task.taken_at is not None,
        avoid=kind is Move.RELEASED and reason is MoveReason.GIVEN_BACK,
        among=among,
        original_id=absent,
    )
    run.emit(effect if until is None else replace(effect, until=until))
