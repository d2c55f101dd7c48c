"""What holds after every decision: open tasks, their timers, and requests for operators."""

from datetime import datetime, timedelta

from libs.common.contracts.shared import Mode, SubjectKind
from services.tasks.engine.claims import RESERVE
from services.tasks.engine.effects import Breach, CancelTimer, OfferWork, SetTimer
from services.tasks.engine.moves import RETURN
from services.tasks.engine.run import Run
from services.tasks.engine.state import Operator, Task, Timer, TimerKind
from services.tasks.playbooks.verbs import Open

ANSWER = "answer"  # the timer of a request for an operator
ANSWER_WITHIN = timedelta(minutes=10)


def settle(run: Run) -> None:
    """Enforce the invariants: a live process of a lead has an open task (S2.6), timers are set, tasks are offered.

    An ended process has no timers.
    """
    if not run.state.live:
        for timer in run.state.timers:
            run.emit(CancelTimer("engine.end", timer.name))
        return
    if not run.state.open_tasks and run.state.facts.subject.kind is SubjectKind.LEAD:
        run.rule = "engine.S2.6"
        run.emit(Breach(run.rule))
        run.open(Open(run.playbook.fallback))
    for task in run.state.open_tasks:
        _settle_task(run, task)


def _settle_task(run: Run, task: Task) -> None:
    due, offer = f"due:{task.id}", f"offer:{task.id}"
    _settle_timer(run, task, RETURN, task.lent_until)
    _settle_timer(run, task, RESERVE, task.reserved_until)
    _settle_timer(run, task, ANSWER, _answer_by(task))
    if not task.overdue and not met(run, task) and run.state.timer(due) is None:
        run.emit(SetTimer("engine.due", Timer(due, TimerKind.DUE, task.due_at, task.id)))
    if task.mode is Mode.PULL or task.operator_id is not None or task.offered_at is not None:
        return
    if task.offer_from > run.now:
        if run.state.timer(offer) is None:
            run.emit(SetTimer("engine.offer", Timer(offer, TimerKind.OFFER, task.offer_from, task.id)))
        return
    run.emit(OfferWork("engine.offer", task.id, run.now, preferred(run, task)))
    _settle_timer(run, task, ANSWER, run.now + ANSWER_WITHIN)


def met(run: Run, task: Task) -> bool:
    """Return whether the due time was for the first contact, and that came in time (S4.4)."""
    counts = bool(run.playbook.task_types[task.type].on_first_contact)
    return counts and task.contacted_at is not None and task.contacted_at <= task.due_at


def preferred(run: Run, task: Task) -> Operator | None:
    """Return who is asked for first: the owner of the lead, where the task's type says so."""
    return run.state.owner if run.playbook.task_types[task.type].prefer_owner else None


def unanswered(task: Task) -> bool:
    """Return whether a request is pending of which nothing was heard, not even that it waits."""
    return task.operator_id is None and task.offered_at is not None and not task.waiting


def _answer_by(task: Task) -> datetime | None:
    return task.offered_at + ANSWER_WITHIN if task.offered_at is not None and unanswered(task) else None


def _settle_timer(run: Run, task: Task, purpose: str, at: datetime | None) -> None:
    """Set the timer of a task for a purpose to a time, or remove it (None)."""
    name = f"{purpose}:{task.id}"
    timer = run.state.timer(name)
    if timer is not None and timer.at != at:
        run.emit(CancelTimer("engine.timer", name))
    if at is not None and (timer is None or timer.at != at):
        run.emit(SetTimer("engine.timer", Timer(name, TimerKind.OFFER, at, task.id)))
