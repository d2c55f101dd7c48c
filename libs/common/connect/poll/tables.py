"""One row per poll. `due_at` and `leased_until` are on the database's clock, `quota_until` is business time."""

from sqlalchemy import CheckConstraint, Column, DateTime, Index, Integer, Interval, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB


def poll_table(metadata: MetaData) -> Table:
    """Declare the table of a service that polls."""
    return Table(
        "poll",
        metadata,
        Column("name", Text, primary_key=True),
        Column("desk", Text, nullable=False),
        Column("kind", Text, nullable=False),  # what is asked, in the service's own words
        Column("cursor", JSONB, nullable=False),
        Column("due_at", DateTime(timezone=True), nullable=False),
        Column("lease_token", Uuid),
        Column("leased_until", DateTime(timezone=True)),
        Column("quota", Integer),  # calls in `quota_period`; none: no quota
        Column("quota_period", Interval),
        Column("quota_left", Integer),
        Column("quota_until", DateTime(timezone=True)),
        Column("failures", Integer, nullable=False),
        Column("code", Text),  # why the last round failed
        CheckConstraint("(quota IS NULL) = (quota_period IS NULL)", name="quota"),
        CheckConstraint("(lease_token IS NULL) = (leased_until IS NULL)", name="lease"),
        CheckConstraint("quota_left >= 0 AND failures >= 0", name="counts"),
        Index("ix_poll_due", "due_at"),
    )


POLL_V1 = (
    """
CREATE TABLE poll (
    name text CONSTRAINT pk_poll PRIMARY KEY,
    desk text NOT NULL,
    kind text NOT NULL,
    cursor jsonb NOT NULL,
    due_at timestamptz NOT NULL,
    lease_token uuid,
    leased_until timestamptz,
    quota integer,
    quota_period interval,
    quota_left integer,
    quota_until timestamptz,
    failures integer NOT NULL,
    code text,
    CONSTRAINT ck_poll_quota CHECK ((quota IS NULL) = (quota_period IS NULL)),
    CONSTRAINT ck_poll_lease CHECK ((lease_token IS NULL) = (leased_until IS NULL)),
    CONSTRAINT ck_poll_counts CHECK (quota_left >= 0 AND failures >= 0)
)
""",
    "CREATE INDEX ix_poll_due ON poll (due_at)",
)
