"""Who hears of a change of a task: who sees the task, as in the list of tasks, and who sees it no more (P.6)."""

from collections.abc import Set
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Self
from uuid import UUID


class ChangeKind(StrEnum):
    """What happened to a task."""

    OPENED = "task_opened"
    ASSIGNED = "task_assigned"
    TAKEN = "task_taken"
    MOVED = "task_moved"
    LENT = "task_lent"
    RETURNED = "task_returned"
    RELEASED = "task_released"
    CLOSED = "task_closed"
    DEFERRED = "task_deferred"
    OVERDUE = "task_overdue"
    REMINDED = "task_reminded"
    CHANGED = "task_changed"


#: In place of the kind, for who saw the task before the change and sees it no more.
GONE = "task_gone"


class Cursor(NamedTuple):
    """A place in the timeline: behind step `id` of the transaction `xid`; id 0 is before its first."""

    xid: int
    id: int

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return the place that a text names; None for nonsense."""
        xid, _, number = text.partition("-")
        if not all(part.isascii() and part.isdecimal() and len(part) <= _DIGITS for part in (xid, number)):
            return None
        return cls(int(xid), int(number))

    def __str__(self) -> str:
        return f"{self.xid}-{self.id}"


_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Me:
    """An operator's own side of what they see; `ids` are the active ones of their token, `first` is who acts.

    `dismissed`: they are known, and work here no more.
    """

    first: UUID | None = None
    ids: Set[UUID] = frozenset()
    pools: Set[str] = frozenset()
    dismissed: bool = False


@dataclass(frozen=True, slots=True)
class Where:
    """Where a task is now, and where it was before a change.

    `left`: who had it or had lent it, and has it no more; `was_free`: it waited in its pool.
    """

    desk: str
    pool: str
    operator_id: UUID | None
    lender_id: UUID | None
    left: Set[UUID] = frozenset()
    was_free: bool = False


def sees(me: Me, task: Where) -> bool:
    """Return whether an operator sees a task of their desks: their own, one they lent, one that waits in a pool."""
    waits = task.operator_id is None and task.pool in me.pools
    return waits or task.operator_id in me.ids or task.lender_id in me.ids


def lost(me: Me, task: Where) -> bool:
    """Return whether an operator saw a task until the change, and sees it no more."""
    saw = bool(task.left & me.ids) or (task.was_free and task.pool in me.pools)
    return saw and not sees(me, task)
