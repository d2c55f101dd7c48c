"""Tasks: rows in and out. Their SQL stands in processes/store.py: a process and its tasks are written together."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from operator import attrgetter
from typing import TypeAlias
from uuid import UUID

import asyncpg
from sqlalchemy import RowMapping

from libs.common.contracts.shared import Mode, SubjectKind
from libs.common.platform.db.bulk import Bulk
from services.tasks.engine.facts import Subject
from services.tasks.engine.state import Brief, Closing, OperatorId, State, Task, TaskState

Row: TypeAlias = RowMapping | asyncpg.Record


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A task to be written, with its process; `before` is as it was read, None if it is new."""

    task: Task
    state: State
    before: Task | None = None


def _closing(name: str) -> Callable[[TaskRow], object]:
    return lambda row: getattr(row.task.closing, name) if row.task.closing else None


_KEYS = (
    ("id", "uuid", attrgetter("task.id")),
    ("desk", "text", attrgetter("state.desk.code")),
    ("process_id", "uuid", attrgetter("state.id")),
    ("lead_id", "uuid", attrgetter("state.facts.lead_id")),
    ("subject_kind", "text", attrgetter("state.facts.subject.kind")),
    ("subject_id", "uuid", lambda row: None if row.state.facts.lead_id else row.state.facts.subject.id),
    ("order_number", "text", attrgetter("state.facts.order_number")),
    ("playbook", "text", attrgetter("state.playbook")),
    ("playbook_version", "int", attrgetter("state.playbook_version")),
    ("type", "text", attrgetter("task.type")),
    ("role", "text", attrgetter("task.role")),
    ("pool", "text", attrgetter("task.pool")),
    ("mode", "text", attrgetter("task.mode")),
    ("lane", "text", attrgetter("task.lane")),
    ("rank", "int", attrgetter("task.rank")),
    ("important", "bool", attrgetter("task.important")),
    ("attempt", "int", attrgetter("task.attempt")),
    ("products", "jsonb", attrgetter("state.facts.products")),
    ("received_at", "timestamptz", attrgetter("state.facts.received_at")),
    ("opened_at", "timestamptz", attrgetter("task.opened_at")),
    ("due_at", "timestamptz", attrgetter("task.due_at")),
    ("rule", "text", attrgetter("task.rule")),
    ("brief", "jsonb", lambda row: row.task.brief and asdict(row.task.brief)),
)
_MOVING = (
    ("version", "int", attrgetter("task.version")),
    ("state", "text", attrgetter("task.state")),
    ("offer_from", "timestamptz", attrgetter("task.offer_from")),
    ("offered_at", "timestamptz", attrgetter("task.offered_at")),
    ("waiting", "bool", attrgetter("task.waiting")),
    ("operator_id", "uuid", attrgetter("task.operator_id")),
    ("decision_id", "uuid", attrgetter("task.decision_id")),
    ("assigned_at", "timestamptz", attrgetter("task.assigned_at")),
    ("taken_at", "timestamptz", attrgetter("task.taken_at")),
    ("overdue", "bool", attrgetter("task.overdue")),
    ("held_since", "timestamptz", attrgetter("task.held_since")),
    ("avoid_id", "uuid", attrgetter("task.avoid_id")),
    ("among", "jsonb", lambda row: tuple(str(who) for who in row.task.among) or None),
    ("lender_id", "uuid", attrgetter("task.lender_id")),
    ("lent_until", "timestamptz", attrgetter("task.lent_until")),
    ("reserved_until", "timestamptz", attrgetter("task.reserved_until")),
    ("contacted_at", "timestamptz", attrgetter("task.contacted_at")),
    ("contacted_id", "uuid", attrgetter("task.contacted_id")),
    ("original_id", "uuid", attrgetter("task.original_id")),
    ("outcome", "text", _closing("outcome")),
    ("comment", "text", _closing("comment")),
    ("call_made", "bool", _closing("call_made")),
    ("problem", "text", _closing("problem")),
    ("callback_at", "timestamptz", _closing("callback_at")),
    ("closed_at", "timestamptz", _closing("at")),
    ("closed_by", "text", _closing("actor")),
    ("closing_rule", "text", _closing("rule")),
    ("successor_id", "uuid", _closing("successor_id")),
    ("fields", "jsonb", lambda row: dict(row.task.closing.fields) if row.task.closing else None),
)
_READ = (("seen", "int", attrgetter("before.version")), ("was", "text", attrgetter("before.state")))
NEW_TASK: Bulk[TaskRow] = Bulk("task", _KEYS + _MOVING)
MOVED_TASK: Bulk[TaskRow] = Bulk("task", (_KEYS[0], *_READ, *_MOVING))


def subject_of(row: Row) -> Subject:
    """Return the subject of a row that names one."""
    return Subject(SubjectKind(row["subject_kind"]), row["lead_id"] or row["subject_id"])


def read_task(row: Row) -> Task:
    return Task(
        id=row["id"],
        type=row["type"],
        role=row["role"],
        pool=row["pool"],
        mode=Mode(row["mode"]),
        lane=row["lane"],
        rank=row["rank"],
        important=row["important"],
        attempt=row["attempt"],
        opened_at=row["opened_at"],
        due_at=row["due_at"],
        offer_from=row["offer_from"],
        rule=row["rule"],
        version=row["version"],
        state=TaskState(row["state"]),
        offered_at=row["offered_at"],
        waiting=row["waiting"],
        operator_id=row["operator_id"],
        decision_id=row["decision_id"],
        assigned_at=row["assigned_at"],
        taken_at=row["taken_at"],
        overdue=row["overdue"],
        brief=row["brief"] and Brief(**row["brief"]),
        closing=_read_closing(row),
        held_since=row["held_since"],
        avoid_id=row["avoid_id"],
        among=tuple(OperatorId(UUID(who)) for who in row["among"] or ()),
        lender_id=row["lender_id"],
        lent_until=row["lent_until"],
        reserved_until=row["reserved_until"],
        contacted_at=row["contacted_at"],
        contacted_id=row["contacted_id"],
        original_id=row["original_id"],
    )


def _read_closing(row: Row) -> Closing | None:
    if row["closed_at"] is None:
        return None
    return Closing(
        result=TaskState(row["state"]),
        outcome=row["outcome"],
        comment=row["comment"],
        actor=row["closed_by"],
        rule=row["closing_rule"],
        at=row["closed_at"],
        call_made=row["call_made"],
        problem=row["problem"],
        callback_at=row["callback_at"],
        successor_id=row["successor_id"],
        fields=row["fields"] or {},
    )
