"""What the tables of commands have in common: how far a command is, and what its states say of it."""

from collections.abc import Sequence

from sqlalchemy import CheckConstraint, Column, DateTime, Integer, Text, Uuid
from sqlalchemy.schema import SchemaItem


def progress() -> Sequence[SchemaItem]:
    """Return columns and checks for one table: what `CommandStore` reads and writes of a command.

    `due_at` and `offered_at` are real time, `expires_at` and `not_before` business time.
    """
    return (
        Column("state", Text, nullable=False),
        Column("number", Integer, nullable=False),
        Column("tries", Integer, nullable=False),
        Column("due_at", DateTime(timezone=True), nullable=False),
        Column("expires_at", DateTime(timezone=True)),
        Column("not_before", DateTime(timezone=True)),
        Column("offered_at", DateTime(timezone=True)),
        Column("lease_token", Uuid),
        Column("external_id", Text),
        Column("code", Text),
        Column("detail", Text),
        *states(),
    )


def states() -> Sequence[CheckConstraint]:
    """Return the checks of a command's states."""
    return (
        CheckConstraint(
            "state IN ('pending', 'held', 'sending', 'waiting', 'accepted', 'refused', 'unknown')", name="state"
        ),
        CheckConstraint("state <> 'held' OR not_before IS NOT NULL", name="held"),
        CheckConstraint("(state = 'sending') = (lease_token IS NOT NULL)", name="lease"),
        CheckConstraint("state NOT IN ('sending', 'waiting', 'unknown') OR offered_at IS NOT NULL", name="offered"),
    )
