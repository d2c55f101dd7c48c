"""Processes and timers as rows, both ways."""

from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from uuid import UUID

import asyncpg

from libs.common.contracts.shared import Stage
from libs.common.platform.db.bulk import Bulk
from services.tasks.engine.state import (
    Customer,
    Desk,
    Facts,
    Operator,
    OperatorId,
    ProcessId,
    State,
    Task,
    TaskId,
    Timer,
    TimerKind,
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a process comes from: the chain that its timers go on with, and the trace around it."""

    correlation_id: UUID
    traceparent: str | None


@dataclass(frozen=True, slots=True)
class ProcessRow:
    """A process as it is written."""

    state: State
    origin: Origin


@dataclass(frozen=True, slots=True)
class TimerRow:
    """A timer as it is written."""

    process_id: ProcessId
    desk: str
    timer: Timer


_KEYS = (
    ("id", "uuid", attrgetter("state.id")),
    ("desk", "text", attrgetter("state.desk.code")),
    ("lead_id", "uuid", attrgetter("state.facts.lead_id")),
    ("source", "text", attrgetter("state.facts.source")),
    ("external_id", "text", attrgetter("state.facts.external_id")),
    ("order_number", "text", attrgetter("state.facts.order_number")),
    ("playbook", "text", attrgetter("state.playbook")),
    ("playbook_version", "int", attrgetter("state.playbook_version")),
    ("correlation_id", "uuid", attrgetter("origin.correlation_id")),
    ("traceparent", "text", attrgetter("origin.traceparent")),
    ("started_at", "timestamptz", attrgetter("state.started_at")),
)
_MOVING = (
    ("status", "text", attrgetter("state.status")),
    ("stage", "text", attrgetter("state.stage")),
    ("owner_id", "uuid", lambda row: row.state.owner and row.state.owner.id),
    ("owner_name", "text", lambda row: row.state.owner and row.state.owner.name),
    ("opened", "int", attrgetter("state.opened")),
    ("breaches", "int", attrgetter("state.breaches")),
    ("attempts", "jsonb", lambda row: dict(row.state.attempts)),
    ("messages", "jsonb", lambda row: dict(row.state.messages)),
    ("facts", "jsonb", lambda row: facts_json(row.state.facts)),
    ("person", "jsonb", lambda row: asdict(row.state.facts.customer)),
    ("ended_at", "timestamptz", attrgetter("state.ended_at")),
)
NEW_PROCESS: Bulk[ProcessRow] = Bulk("process", _KEYS + _MOVING)
MOVED_PROCESS: Bulk[ProcessRow] = Bulk("process", (_KEYS[0], *_MOVING))
NEW_TIMER: Bulk[TimerRow] = Bulk(
    "timer",
    (
        ("process_id", "uuid", attrgetter("process_id")),
        ("name", "text", attrgetter("timer.name")),
        ("desk", "text", attrgetter("desk")),
        ("kind", "text", attrgetter("timer.kind")),
        ("due_at", "timestamptz", attrgetter("timer.at")),
        ("task_id", "uuid", attrgetter("timer.task_id")),
    ),
)

_WATCHED = ("status", "stage", "owner", "opened", "breaches", "attempts", "messages", "facts", "ended_at")


def moves(state: State, stored: State) -> bool:
    """Return whether the row of a process must change; its tasks and timers have rows of their own."""
    return any(getattr(state, name) is not getattr(stored, name) for name in _WATCHED)


_APART = ("lead_id", "source", "external_id", "order_number", "customer")


def facts_json(facts: Facts) -> dict[str, object]:
    """Return the facts that have no column of their own; the person stands apart."""
    found = {name: getattr(facts, name) for name in Facts.__slots__ if name not in _APART}
    return {**found, "amount": None if facts.amount is None else str(facts.amount)}


def read_facts(row: asyncpg.Record) -> Facts:
    """Return the facts of a stored process."""
    stored = row["facts"]
    return Facts(
        lead_id=row["lead_id"],
        customer_id=UUID(stored["customer_id"]),
        source_id=UUID(stored["source_id"]),
        source=row["source"],
        external_id=row["external_id"],
        external_number=stored["external_number"],
        order_id=UUID(stored["order_id"]),
        order_number=row["order_number"],
        order_status=stored["order_status"],
        amount=None if stored["amount"] is None else Decimal(stored["amount"]),
        currency=stored["currency"],
        payment_link=stored["payment_link"],
        items=tuple(stored["items"]),
        products=tuple(stored["products"]),
        signals=tuple(stored["signals"]),
        language=stored["language"],
        zone=stored["zone"],
        received_at=datetime.fromisoformat(stored["received_at"]),
        customer=Customer(**row["person"]),
        counted_from=_moment(stored.get("counted_from")),
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def read_state(row: asyncpg.Record, desk: Desk, tasks: tuple[Task, ...], timers: tuple[Timer, ...]) -> State:
    """Return the state of a stored process."""
    owner = None if row["owner_id"] is None else Operator(OperatorId(row["owner_id"]), row["owner_name"])
    return State(
        id=ProcessId(row["id"]),
        desk=desk,
        playbook=row["playbook"],
        playbook_version=row["playbook_version"],
        facts=read_facts(row),
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        status=row["status"],
        stage=None if row["stage"] is None else Stage(row["stage"]),
        owner=owner,
        opened=row["opened"],
        breaches=row["breaches"],
        tasks=tasks,
        timers=timers,
        attempts=row["attempts"],
        messages=row["messages"],
    )


def read_timer(row: asyncpg.Record) -> Timer:
    """Return a stored timer."""
    task_id = row["task_id"] and TaskId(row["task_id"])
    return Timer(row["name"], TimerKind(row["kind"]), row["due_at"], task_id, row["set_aside_at"] is not None)
