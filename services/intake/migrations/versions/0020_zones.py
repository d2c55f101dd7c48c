"""By what the zone of a lead is known, and the zone of a customer by their address.

The release before gives every lead the zone of its source, which is what the default says.
"""

from alembic import op

revision = "intake_0020"
down_revision = "intake_0019"

_STATEMENTS = (
    "ALTER TABLE lead ADD COLUMN zone_source text NOT NULL DEFAULT 'desk'",
    "ALTER TABLE lead ADD CONSTRAINT ck_lead_zone_source"
    " CHECK (zone_source IN ('address', 'phone', 'desk')) NOT VALID",
    "ALTER TABLE customer ADD COLUMN zone text",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE lead VALIDATE CONSTRAINT ck_lead_zone_source")
