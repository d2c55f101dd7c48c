"""A task is ended with an outcome: who may, whether it fits the matrix, and the steps that follow (S0.1)."""

from libs.common.domain.frozen import replace
from services.tasks.engine.claims import first_contact
from services.tasks.engine.effects import Refusal, Refuse
from services.tasks.engine.events import OutcomeGiven
from services.tasks.engine.fields import read_fields
from services.tasks.engine.kept import Forget
from services.tasks.engine.matrix import outcome_faults
from services.tasks.engine.run import Run
from services.tasks.engine.state import Task
from services.tasks.playbooks.terms import Result


def give(run: Run, event: OutcomeGiven) -> None:
    """End the task with an outcome, or refuse it with every fault (S1.7)."""
    task = run.state.open_task(event.task_id)
    if task is None:
        run.emit(Refuse("engine.outcome", Refusal.TASK_CLOSED))
        return
    kind = run.playbook.task_types[task.type]
    if (refusal := _holder_refusal(task, event)) is not None:
        run.emit(Refuse("engine.outcome", refusal))
        return
    outcome, faults = (
        kind.outcomes.get(event.outcome),
        outcome_faults(kind, event, run.now, run.context(task, event)),
    )
    if outcome is not None:
        asked = run.playbook.questionnaires
        read = read_fields(outcome, event.fields, event.problem, run.now, event.people, asked)
        faults, event = faults + read.faults, replace(event, fields=read.values)
    if outcome is None or faults:
        run.emit(Refuse("engine.matrix", Refusal.OUTCOME_REFUSED, faults))
        return
    if event.call_made and event.operator is not None:
        first_contact(run, task, event.operator, run.now)
        if run.state.open_task(task.id) is None:  # closed by what follows the first contact
            return
    run.rule, run.task, run.outcome, run.filled = f"{kind.code}.{outcome.code}", task, event, read.values
    run.actor, run.operator = event.actor, event.operator
    if stale := tuple(name for name in outcome.fields if name in run.state.fields and name not in read.values):
        run.emit(Forget(run.rule, stale))
    if outcome.result is not Result.DEFERRED:
        run.close(task, run.closing(outcome.result))
    run.steps(outcome.then)


def _holder_refusal(task: Task, event: OutcomeGiven) -> Refusal | None:
    if event.supervisor or (event.operator is not None and task.operator_id == event.operator.id):
        return None
    return Refusal.NOT_TAKEN if task.operator_id is None else Refusal.TAKEN_BY_OTHER
