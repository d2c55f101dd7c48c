"""Who works a lead, so that they hear what its customer says: a projection of tasks' events."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Table, Text, Uuid, text

from services.notifications.metadata import metadata

# `owner_id` is responsible for the lead, `holder_id` has its task `task_id`, of several the one given out last. No
# row of a lead that no operator was given since the release before.
lead_operator = Table(
    "lead_operator",
    metadata,
    Column("lead_id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("owner_id", Uuid),
    Column("task_id", Uuid),
    Column("holder_id", Uuid),
    Column("sequence", BigInteger, nullable=False),  # of the last event: an older one changes nothing
    # The task is a conversation that was handed over to its holder at the end of a shift.
    Column("heir", Boolean, nullable=False, server_default=text("false")),
    CheckConstraint("(task_id IS NULL) = (holder_id IS NULL)", name="holder"),
)
