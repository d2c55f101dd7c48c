"""Reminders of a task before it is due (S2.12): set when it is opened, gone with it."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from services.tasks.engine.effects import SetTimer
from services.tasks.engine.state import Task, Timer, TimerKind

REMIND = "remind"  # the timer of a reminder; behind the task's id stand the seconds before its due time


def reminders(task: Task, ahead: Collection[timedelta], now: datetime) -> Iterator[SetTimer]:
    """Yield the timers of a task's reminders; there is none for a time that is past already."""
    for before in sorted(set(ahead)):
        name = f"{REMIND}:{task.id}:{before // timedelta(seconds=1)}"
        if task.due_at - before > now:
            yield SetTimer("engine.remind", Timer(name, TimerKind.OFFER, task.due_at - before, task.id))


def is_reminder(timer: Timer) -> bool:
    """Return whether a timer is that of a reminder."""
    return timer.name.startswith(f"{REMIND}:")
