"""Tasks that follow others: deferred, tried again, at another time (S0.5, S1.8, S2.8, S3.5)."""

from collections.abc import Sequence
from datetime import timedelta

from libs.common.domain.frozen import replace
from services.tasks.engine.effects import CountAttempt, DeferTask, Noticed, Record
from services.tasks.engine.progress import Progress
from services.tasks.engine.state import SYSTEM, Closing, Task, TaskState
from services.tasks.playbooks.terms import Result, Title
from services.tasks.playbooks.verbs import Defer, RetryAttempt, Steps

RESCHEDULED = Title("Время перенесено", "The time has moved")


def defer(run: Progress, step: Defer) -> None:
    """Close the current task and open its successor; without a current task record that nothing is deferred."""
    if run.task is None or run.state.open_task(run.task.id) is None:
        run.emit(Record(run.rule, Noticed.NOTHING_TO_DEFER))
        return
    types = run.playbook.task_types
    kind = types[types[run.task.type].successor(step)]
    important = run.task.important if step.important is None else step.important
    successor = run.new_task(kind, step.schedule, step.lane, step.addressee)
    _succeed(run, run.task, replace(successor, important=important, attempt=run.task.attempt), step.remind)
    run.address(step.addressee, successor)


def retry(run: Progress, step: RetryAttempt) -> Steps:
    """Count an unsuccessful attempt: defer the task, or fail it if the policy is exhausted (S0.5, S1.8).

    Return the steps that follow.
    """
    if run.task is None or run.state.open_task(run.task.id) is None:
        run.emit(Record(run.rule, Noticed.NOTHING_TO_DEFER))
        return ()
    policy = run.playbook.attempts[step.policy]
    count = run.state.attempts.get(policy.code, 0) + 1
    run.emit(CountAttempt(run.rule, policy.code, count))
    run.rule = f"attempts.{policy.code}.{count}"
    if policy.limit is not None and count >= policy.limit:
        run.close(run.task, run.closing(Result.FAILED))
        return policy.exhausted
    schedule = policy.delays[min(count, len(policy.delays)) - 1]
    kind = run.playbook.task_types[run.task.type]
    successor = run.new_task(kind, schedule, policy.lane)
    _succeed(run, run.task, replace(successor, important=run.task.important, attempt=count + 1))
    return policy.each


def reschedule(run: Progress, types: tuple[str, ...]) -> None:
    """Defer open tasks by rule to when their types' schedules say now; the one that an outcome ends is left."""
    comment = RESCHEDULED.of(run.state.desk.languages[0])
    for task in run.state.open_tasks:
        kind = run.playbook.task_types[task.type]
        if task.type not in types or (run.outcome is not None and task == run.task):
            continue
        anew = run.new_task(kind, kind.schedule, task.lane)
        times = anew.due_at, kind.offer and anew.offer_from
        if times != (task.due_at, kind.offer and task.offer_from):
            closing = Closing(TaskState.DEFERRED, None, comment, SYSTEM, run.rule, run.now)
            _follow(run, task, closing, replace(anew, important=task.important, attempt=task.attempt))


def _succeed(run: Progress, task: Task, successor: Task, ahead: Sequence[timedelta] | None = None) -> None:
    """Open the successor; that of a free task says the same, and a personal one stays with its person."""
    if task.brief is not None:
        successor = replace(successor, role=task.role, pool=task.pool, brief=task.brief)
    _follow(run, task, run.closing(Result.DEFERRED), successor, ahead)
    if task.brief is not None and task.brief.personal and run.state.owner is not None:
        run.hand_to(run.state.owner, successor)


def _follow(
    run: Progress, task: Task, closing: Closing, successor: Task, ahead: Sequence[timedelta] | None = None
) -> None:
    run.withdraw(task, "deferred")
    run.emit(DeferTask(run.rule, task.id, replace(closing, successor_id=successor.id), successor))
    run.remind(successor, ahead)
