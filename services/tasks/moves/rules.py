"""What becomes of the tasks of who goes and who comes back, judged by what is true once they are locked: pure."""

from services.tasks.engine.state import Absence, MoveReason, State, Task
from services.tasks.operators.rules import OperatorProfile, unfit


def goes_back(state: State, task: Task, whose: OperatorProfile) -> bool:
    """Return whether a task that a stand-in has not begun goes back to whose it was (S2.2).

    They must be there, and of its desk and role still. What no operator has goes back only if it is for one person.
    """
    owner, holder = state.owner, task.operator_id
    is_stood_in = task.original_id == whose.id != holder and (owner is None or owner.id == whose.id)
    spoke = holder is not None and task.contacted_id == holder
    begun = spoke or task.taken_at is not None or task.lender_id is not None
    waits = holder is not None or (task.brief is not None and task.brief.personal)
    fits = whose.absence is None and not unfit(whose, state.desk.code, task.role)
    return is_stood_in and not begun and waits and fits


def has_come(reason: MoveReason, now: OperatorProfile | None) -> bool:
    """Return whether who left tasks behind, for a reason, does not leave them any more.

    At the end of a planned absence they may still be off shift: what they leave then is said anew.
    """
    absence = Absence.INACTIVE if now is None else now.absence
    return absence is None or (reason is MoveReason.ABSENT and absence is not Absence.ABSENT)
