"""Open tasks that change hands: each move is an input with an effect of its own (P.3)."""

from services.tasks.engine.effects import Move, MoveTask, Refusal, Refuse
from services.tasks.engine.events import Released
from services.tasks.engine.run import Run
from services.tasks.engine.state import MoveReason, Task

_RULE = "engine.move"


def release(run: Run, event: Released) -> None:
    """Take a task from its operator; it goes back to its lane, and pushed work asks for another operator."""
    task = run.state.open_task(event.task_id)
    if task is None:
        run.emit(Refuse(_RULE, Refusal.TASK_CLOSED))
    elif (refusal := _release_refusal(task, event)) is not None:
        run.emit(Refuse(_RULE, refusal))
    else:
        run.emit(
            MoveTask(
                rule=_RULE,
                task_id=task.id,
                move=Move.RELEASED,
                previous_id=task.operator_id,
                operator_id=None,
                at=run.now,
                actor=event.actor,
                reason=event.reason,
                comment=event.comment,
                taken=task.taken_at is not None,
                avoid=event.reason is MoveReason.GIVEN_BACK,
            )
        )


def _release_refusal(task: Task, event: Released) -> Refusal | None:
    if task.operator_id is None:
        return Refusal.NOT_HELD
    if event.holder is not None and task.operator_id != event.holder:
        return Refusal.TAKEN_BY_OTHER
    return Refusal.TAKEN_BY_OTHER if event.untaken and task.taken_at is not None else None
