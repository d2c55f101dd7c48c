"""Offers, stored as `work`: one row per task, with its operator."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)

from services.assignment.metadata import metadata

# The primary key ensures that a task has at most one active assignment.
work = Table(
    "work",
    metadata,
    Column("task_id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("lead_id", Uuid),
    # That of the first event, of the task's subject: proposals are published under it. None: `lead:<lead_id>`.
    Column("key", Text),
    Column("state", Text, nullable=False),
    Column("pool_id", Uuid, ForeignKey("pool.id")),
    Column("task_version", Integer),
    Column("role", Text),
    Column("products", ARRAY(Text)),
    Column("prefer_operator_id", Uuid),
    Column("due_at", DateTime(timezone=True)),
    Column("requested_at", DateTime(timezone=True)),
    Column("correlation_id", Uuid),
    Column("causation_id", Uuid),
    Column("traceparent", Text),
    Column("operator_id", Uuid, ForeignKey("operator.id")),
    Column("decision_id", Uuid),
    Column("turn_start", BigInteger),
    Column("turn_cost", BigInteger),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("avoid_operator_id", Uuid),
    Column("among", ARRAY(Uuid)),
    # Of held work: its operator has not taken it, and spent this turn on it.
    Column("untaken", Boolean, nullable=False, server_default=text("false")),
    Column("spent_start", BigInteger),
    Column("spent_cost", BigInteger),
    Column("task_type", Text),  # NULL: no event has said it
    CheckConstraint("state IN ('waiting', 'offered', 'held', 'returned', 'ended')", name="state"),
    CheckConstraint("(state IN ('offered', 'held')) = (operator_id IS NOT NULL)", name="open_has_operator"),
    # What holds a proposal is held; `offered` is written by the release before alone.
    CheckConstraint("state <> 'offered' OR decision_id IS NOT NULL", name="proposal_has_decision"),
    CheckConstraint("decision_id IS NULL OR operator_id IS NOT NULL", name="decision_has_operator"),
    CheckConstraint("num_nulls(decision_id, turn_start, turn_cost) IN (0, 3)", name="whole_offer"),
    CheckConstraint(
        "num_nulls(pool_id, task_version, role, products, due_at, requested_at, correlation_id) IN (0, 7)",
        name="whole_request",
    ),
    CheckConstraint("state NOT IN ('waiting', 'offered') OR pool_id IS NOT NULL", name="offered_was_requested"),
    Index(
        "ix_work_waiting", "pool_id", "due_at", "requested_at", "task_id",
        postgresql_where=text("state = 'waiting'"),
    ),
    Index("ix_work_operator_id", "operator_id", postgresql_where=text("operator_id IS NOT NULL")),
)  # fmt: skip
