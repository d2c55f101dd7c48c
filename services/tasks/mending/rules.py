"""When an outcome may be mended, and what stays although it is."""

from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.tasks.engine.deeds import Deed, Lasting, Left
from services.tasks.engine.mending import worked_on
from services.tasks.engine.state import State, Task


class Final(StrEnum):
    """Why an outcome cannot be mended any more."""

    NO_OUTCOME = "no_outcome"
    TOO_LATE = "too_late"
    SUPERSEDED = "superseded"
    GIVEN_BY_OTHER = "given_by_other"
    WORKED_ON = "worked_on"


@dataclass(frozen=True, slots=True)
class Mendable:
    """The last outcome of a process, and until when it may be mended."""

    task_id: UUID
    given_at: datetime
    until: datetime
    deed: Deed


def final(found: Mendable | None, task: Task, state: State, actor: str | None, now: datetime) -> Final | None:
    """Return why the outcome of a task is final; None = it may be mended. `actor` None: a supervisor."""
    if task.closing is None or task.closing.outcome is None:
        return Final.NO_OUTCOME
    if found is None or found.until <= now:
        return Final.TOO_LATE
    if found.task_id != task.id:
        return Final.SUPERSEDED
    if actor is not None and found.deed.actor != actor:
        return Final.GIVEN_BY_OTHER
    return Final.WORKED_ON if worked_on(state, found.deed) else None


def staying(deed: Deed, sent: Set[str]) -> tuple[Left, ...]:
    """Return what stays when a deed is taken back: what others have, and the messages that were sent."""
    return (*deed.left, *(Left(Lasting.MESSAGE, purpose) for purpose in deed.messages if purpose in sent))
