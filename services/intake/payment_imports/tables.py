"""Payments of lists that are imported each day, with the order that each is of once a person has said so."""

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from services.intake.metadata import metadata

imported_payment = Table(
    "imported_payment",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("key", Text, nullable=False),  # the same when the payment comes in another list
    Column("paid_on", Date, nullable=False),
    Column("name", Text, nullable=False),
    Column("amount", Numeric(14, 2), nullable=False),
    Column("currency", Text, nullable=False),
    Column("external_id", Text),
    Column("state", Text, nullable=False),
    # The order that is proposed, or that a person named; those that it may be of.
    Column("order_id", Uuid),
    Column("lead_id", Uuid),
    Column("candidates", ARRAY(Uuid), nullable=False),
    Column("imported_at", DateTime(timezone=True), nullable=False),
    Column("imported_by", Text, nullable=False),
    Column("decided_at", DateTime(timezone=True)),
    Column("decided_by", Text),
    Column("version", Integer, nullable=False),
    UniqueConstraint("desk", "key", name="uq_imported_payment_desk_key"),
    CheckConstraint(
        "state IN ('proposed', 'ambiguous', 'unmatched', 'confirmed', 'rejected')", name="state"
    ),
    CheckConstraint("amount > 0", name="amount"),
    CheckConstraint("(state IN ('proposed', 'confirmed')) = (order_id IS NOT NULL)", name="order"),
    CheckConstraint("(state IN ('confirmed', 'rejected')) = (decided_at IS NOT NULL)", name="decided"),
    Index(
        "ix_imported_payment_waiting", "desk", "state",
        postgresql_where=text("state IN ('proposed', 'ambiguous', 'unmatched')"),
    ),
    Index("ix_imported_payment_lead_id", "lead_id", postgresql_where=text("lead_id IS NOT NULL")),
    Index("ix_imported_payment_order_id", "order_id", postgresql_where=text("order_id IS NOT NULL")),
)  # fmt: skip
