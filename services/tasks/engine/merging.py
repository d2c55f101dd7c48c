"""A process whose subject was merged: its work ends, and goes on when the merge is taken back (P.15)."""

from services.tasks.engine.effects import EndProcess, ReopenProcess, SetTimer
from services.tasks.engine.events import MergedAway, Parted
from services.tasks.engine.mending import open_again
from services.tasks.engine.run import Run
from services.tasks.engine.state import SYSTEM, Closing, Halted, State, TaskState
from services.tasks.playbooks.terms import Title

RULE, ERASED = "merged", "erased"
COMMENTS = {
    RULE: Title("Слито с другой карточкой", "Merged into another"),
    ERASED: Title("Данные клиента стёрты", "The customer's data is erased"),
}


def merge_away(run: Run, event: MergedAway) -> None:
    """Close what is open and end the process; one that is over stays as it is."""
    if not run.state.live:
        return
    rule = ERASED if event.erased else RULE
    run.rule, run.actor = rule, SYSTEM
    comment = COMMENTS[rule].of(run.state.desk.languages[0])
    for task in run.state.open_tasks:
        run.close(task, Closing(TaskState.FAILED, None, comment, SYSTEM, rule, run.now))
    run.emit(EndProcess(rule, run.now))


def part(run: Run, event: Parted) -> None:
    """Open successors of what the merge has closed and set again what it has stopped."""
    run.rule, run.actor = RULE, SYSTEM
    if run.state.ended_at is not None:
        run.emit(ReopenProcess(RULE))
    for task in tuple(run.state.tasks):
        if task.id in event.halted.closed:
            open_again(run, task, event.present, RULE)
    for timer in event.halted.timers:
        if timer.task_id is None and run.state.timer(timer.name) is None:
            run.emit(SetTimer(RULE, timer))


def halted(before: State, after: State) -> Halted:
    """Return what a merge has ended of a process."""
    still_open = {task.id for task in after.open_tasks}
    closed = tuple(task.id for task in before.open_tasks if task.id not in still_open)
    return Halted(before.id, closed, before.timers)
