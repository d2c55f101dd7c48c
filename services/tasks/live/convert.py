"""Rows of steps with their tasks → changes, and changes → events of streams."""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum, auto
from typing import assert_never
from uuid import UUID

import asyncpg

from libs.common.contracts import assignment, notices, tasks
from libs.common.platform.http.language import Language
from libs.common.platform.http.server_event import ServerEvent
from libs.common.platform.http.wire import TaskCustomer
from services.tasks.engine.state import Brief
from services.tasks.live.rules import GONE, ChangeKind, Cursor, Where
from services.tasks.live.schemas import TaskChange, TaskGone
from services.tasks.playbooks.model import Playbook
from services.tasks.playbooks.terms import Title
from services.tasks.tasks.customers import Whose, masked_customer, may_call
from services.tasks.timeline.catalogue import Kind

#: The steps that change what a screen shows of a task.
KINDS: Mapping[str, ChangeKind] = {
    tasks.TaskOpened.event_type: ChangeKind.OPENED,
    tasks.TaskAssigned.event_type: ChangeKind.ASSIGNED,
    tasks.TaskTaken.event_type: ChangeKind.TAKEN,
    tasks.TaskReassigned.event_type: ChangeKind.MOVED,
    tasks.TaskLent.event_type: ChangeKind.LENT,
    tasks.TaskReturned.event_type: ChangeKind.RETURNED,
    tasks.TaskReleased.event_type: ChangeKind.RELEASED,
    tasks.TaskCompleted.event_type: ChangeKind.CLOSED,
    tasks.TaskFailed.event_type: ChangeKind.CLOSED,
    tasks.TaskDeferred.event_type: ChangeKind.DEFERRED,
    tasks.TaskOverdue.event_type: ChangeKind.OVERDUE,
    notices.TaskReminded.event_type: ChangeKind.REMINDED,
    assignment.WorkWaiting.event_type: ChangeKind.CHANGED,
    Kind.BROUGHT_FORWARD.value: ChangeKind.CHANGED,
    Kind.NO_ROOM.value: ChangeKind.CHANGED,
    Kind.RESERVED.value: ChangeKind.CHANGED,
    Kind.FIRST_CONTACT.value: ChangeKind.CHANGED,
    Kind.OUTCOME_MENDED.value: ChangeKind.CHANGED,
}


class Sight(Enum):
    """How a customer is shown."""

    WHOLE = auto()
    MASKED = auto()
    NONE = auto()


class Change:
    """A change with the task as it was read, one for all streams of the process; its events are made once."""

    __slots__ = ("_events", "_fields", "_title", "_whose", "at", "cursor", "kind", "task_id", "where")

    def __init__(self, row: asyncpg.Record, playbook: Playbook, whose: Whose | None) -> None:
        self.cursor = Cursor(row["xid"], row["step"])
        self.kind = KINDS[row["kind"]]
        self.task_id: UUID = row["id"]
        self.at: datetime = row["at"]
        self.where = _where(self.kind, row)
        self._fields: Mapping[str, object] = {name: row[name] for name in _SAME}
        brief = row["brief"] and Brief(**row["brief"])
        self._title = Title(brief.title, brief.title) if brief else playbook.task_types[row["type"]].title
        self._whose = whose
        self._events: dict[tuple[Language, Sight], ServerEvent] = {}

    def sight(self, me: UUID | None) -> Sight:
        """Return how an operator who sees the task sees its customer (P.6, P.7)."""
        whose, held = self._whose, (self.where.operator_id, self.where.lender_id)
        if whose is None or not may_call(me, *held, whose.owner_id):
            return Sight.NONE
        return Sight.MASKED if whose.hides_from(me, *held) else Sight.WHOLE

    def event(self, language: Language, sight: Sight) -> ServerEvent:
        """Return the event for who sees the task."""
        key = (language, sight)
        if key not in self._events:
            self._events[key] = ServerEvent(str(self.cursor), self.kind, self._shown(*key).model_dump_json())
        return self._events[key]

    def gone(self) -> ServerEvent:
        """Return the event for who sees the task no more."""
        shown = TaskGone(kind="task_gone", at=self.at, desk=self.where.desk, task_id=self.task_id)
        return ServerEvent(str(self.cursor), GONE, shown.model_dump_json())

    def _customer(self, sight: Sight) -> TaskCustomer | None:
        if self._whose is None or sight is Sight.NONE:
            return None
        return masked_customer(self._whose.customer) if sight is Sight.MASKED else self._whose.customer

    def _shown(self, language: Language, sight: Sight) -> TaskChange:
        return TaskChange.model_validate(
            {
                **self._fields,
                "kind": self.kind,
                "at": self.at,
                "task_id": self.task_id,
                "title": self._title.of(language.value),
                "customer": self._customer(sight),
            }
        )


_SAME = (
    "desk", "lead_id", "order_number", "type", "pool", "lane", "state", "operator_id", "lender_id", "due_at",
    "important", "overdue", "waiting", "version",
)  # fmt: skip


def _where(kind: ChangeKind, row: asyncpg.Record) -> Where:
    left, was_free = _before(kind, row)
    holders = frozenset(who for who in left if who is not None)
    return Where(row["desk"], row["pool"], row["operator_id"], row["lender_id"], holders, was_free)


def _before(kind: ChangeKind, row: asyncpg.Record) -> tuple[frozenset[UUID | None], bool]:
    """Return who had or had lent the task until the change, and whether nobody had it."""
    match kind:
        case ChangeKind.ASSIGNED:
            return frozenset(), True
        case ChangeKind.TAKEN:
            return frozenset(), row["pulled"] is not False
        case ChangeKind.MOVED | ChangeKind.LENT | ChangeKind.RETURNED:
            return frozenset({row["from_id"], row["lost_by"]}), row["from_id"] is None
        case ChangeKind.RELEASED:
            return frozenset({row["by_id"], row["lost_by"]}), False
        case (
            ChangeKind.OPENED
            | ChangeKind.CLOSED
            | ChangeKind.DEFERRED
            | ChangeKind.OVERDUE
            | ChangeKind.REMINDED
            | ChangeKind.CHANGED
        ):
            return frozenset(), False
        case _:
            assert_never(kind)
