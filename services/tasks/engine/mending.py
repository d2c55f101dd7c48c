"""Mending a wrong outcome: what it did is taken back, and its task is open again for the right one.

Only the last outcome of a process is mended, and only while no operator has worked on what followed.
"""

from collections.abc import Mapping

from libs.common.domain.frozen import replace
from services.tasks.engine.asking import WithdrawMessage
from services.tasks.engine.deeds import Deed
from services.tasks.engine.effects import (
    AssignTask,
    CancelTimer,
    OpenTask,
    Refusal,
    Refuse,
    ReopenProcess,
    ReserveTask,
    SetStatus,
    SetTimer,
)
from services.tasks.engine.events import TakenBack
from services.tasks.engine.kept import TakeBack
from services.tasks.engine.run import Run
from services.tasks.engine.state import Closing, Operator, OperatorId, State, Task, TaskState, task_id_of

RULE = "engine.mend"


def take_back(run: Run, event: TakenBack) -> None:
    """Take back what a wrong outcome did, unless what followed was worked on."""
    deed = event.deed
    if worked_on(run.state, deed):
        run.emit(Refuse(RULE, Refusal.WORKED_ON))
        return
    run.rule, run.actor = RULE, event.actor
    if run.state.ended_at is not None:
        run.emit(ReopenProcess(RULE))
    kept = deed.attempts, deed.counts, deed.fields, deed.documents
    run.emit(TakeBack(RULE, deed.task, deed.outcome, run.actor, event.reason, event.reopens, *kept))
    for task_id in deed.opened:
        if (task := run.state.open_task(task_id)) is not None:
            run.close(task, Closing(TaskState.FAILED, None, event.reason, run.actor, RULE, run.now))
    ended = tuple(task for task in run.state.tasks if task.id in deed.closed)
    for task in ended if event.reopens else (*ended, deed.task):
        open_again(run, task, event.present, RULE)
    _timers(run, deed)
    for purpose, number in deed.messages.items():
        if purpose not in event.sent:
            run.emit(WithdrawMessage(RULE, purpose, number, run.actor))
    _status(run, deed, event.reason)
    if deed.owner is not None and run.state.owner_version == deed.owner[1]:
        run.set_owner(deed.owner[0])


def worked_on(state: State, deed: Deed) -> bool:
    """Return whether what the outcome opened is not as it left it: taken or closed since."""
    found = {task.id: task for task in state.open_tasks}
    return any(task_id not in found or found[task_id].taken_at is not None for task_id in deed.opened)


def open_again(run: Run, task: Task, present: Mapping[OperatorId, Operator], rule: str) -> None:
    """Open a successor of a task that was ended wrongly: to others the ended one is over."""
    anew = replace(
        task,
        id=task_id_of(run.state, run.now),
        rule=rule,
        version=1,
        state=TaskState.ACTIVE,
        closing=None,
        offered_at=None,
        waiting=False,
        operator_id=None,
        decision_id=None,
        assigned_at=None,
        taken_at=None,
        held_since=None,
        lender_id=None,
        lent_until=None,
        reserved_until=None,
    )
    run.emit(OpenTask(rule, anew))
    if task.operator_id is not None and (holder := present.get(task.operator_id)) is not None:
        run.emit(AssignTask(rule, anew.id, holder, anew.id, run.now))
        if task.reserved_until is not None:
            run.emit(ReserveTask(rule, anew.id, task.reserved_until))


def _timers(run: Run, deed: Deed) -> None:
    """Stop what the outcome set and set what it stopped, unless the timer has fired or moved since."""
    for timer in deed.set_timers:
        if run.state.timer(timer.name) == timer:
            run.emit(CancelTimer(RULE, timer.name))
    tasks = {task.id for task in run.state.open_tasks}
    for timer in deed.stopped:
        if run.state.timer(timer.name) is None and (timer.task_id is None or timer.task_id in tasks):
            run.emit(SetTimer(RULE, timer))


def _status(run: Run, deed: Deed, reason: str) -> None:
    """Ask for the status of before, unless the lead has another one by now or the playbook knows it no more."""
    if deed.status is None or run.state.status != deed.status[1]:
        return
    spec = run.playbook.statuses.get(deed.status[0])
    if spec is not None:
        run.emit(SetStatus(RULE, deed.status[0], spec.title, spec.stage, run.actor, reason))
