"""What having a task does to its lead, and the first contact with the customer (S4.3)."""

from datetime import datetime

from services.tasks.engine.effects import RecordContact, ReserveTask
from services.tasks.engine.run import Run
from services.tasks.engine.state import SYSTEM, Operator, Task
from services.tasks.playbooks.terms import Claim

RESERVE = "reserve"  # the timer at the end of a reservation


def claim(run: Run, task: Task, what: Claim, operator: Operator, *, assigned: bool) -> None:
    """Make the operator who has got a task the lead's owner, or reserve the task for them for a time."""
    if what.owns:
        run.set_owner(operator, said=assigned)
    reserve(run, task, what, operator)


def reserve(run: Run, task: Task, what: Claim, operator: Operator) -> None:
    """Reserve a task for the operator who has got it, unless they have been in contact or own the lead already."""
    owner = run.state.owner
    theirs = task.contacted_id == operator.id or (owner is not None and owner.id == operator.id)
    until = None if what.reserve is None or theirs else run.now + what.reserve
    if until is not None or task.reserved_until is not None:
        run.emit(ReserveTask(run.rule, task.id, until))


def first_contact(run: Run, task: Task, operator: Operator, at: datetime) -> None:
    """Record that an operator is in contact with the customer of a task; what follows runs once for each operator.

    A task that neither reserves nor waits for the first contact has none.
    """
    kind = run.playbook.task_types[task.type]
    if task.contacted_id == operator.id or not (kind.on_first_contact or task.reserved_until):
        return
    run.rule, run.task = f"{task.type}.on_first_contact", task
    run.actor, run.operator = str(operator.id), operator
    run.emit(RecordContact(run.rule, task.id, operator, at))
    run.steps(kind.on_first_contact)
    run.task, run.actor, run.operator = None, SYSTEM, None


def contacted(run: Run, operator: Operator | None, at: datetime | None) -> None:
    """Record a contact for the tasks that its operator has; one before a task was opened is not of it."""
    at = run.now if at is None else min(at, run.now)
    for held in run.state.open_tasks:
        task = run.state.open_task(held.id)  # what followed the contact may have closed it
        if task is not None and operator is not None and task.operator_id == operator.id and task.opened_at <= at:
            first_contact(run, task, operator, at)
