"""When each desk writes to its customers; none: at any time."""

from sqlalchemy import CheckConstraint, Column, Integer, Table, Text, Time

from services.notifications.metadata import metadata

sending = Table(
    "sending",
    metadata,
    Column("desk", Text, primary_key=True),
    Column("quiet_starts", Time),  # by the customer's clock
    Column("quiet_ends", Time),
    Column("marketing_quiet_starts", Time),
    Column("marketing_quiet_ends", Time),
    Column("marketing_a_week", Integer),
    # Where only the desk's zone is known of a customer; NULL, of the release before: by the desk's clock.
    Column("doubt", Text),
    CheckConstraint("(quiet_starts IS NULL) = (quiet_ends IS NULL)", name="quiet"),
    CheckConstraint("(marketing_quiet_starts IS NULL) = (marketing_quiet_ends IS NULL)", name="marketing_quiet"),
    CheckConstraint("marketing_a_week >= 0", name="marketing_a_week"),
    CheckConstraint("doubt IN ('desk', 'candidates')", name="doubt"),
)
