"""A process knows its appointment and its partner; the release before leaves both empty."""

from alembic import op

revision = "tasks_0010"
down_revision = "tasks_0009"


def upgrade() -> None:
    op.execute("ALTER TABLE process ADD COLUMN partner_id uuid, ADD COLUMN appointment jsonb")
    op.execute(
        """
CREATE TABLE partner (
    id UUID NOT NULL,
    desk TEXT NOT NULL,
    code TEXT NOT NULL,
    title_ru TEXT NOT NULL,
    title_en TEXT NOT NULL,
    language TEXT NOT NULL,
    zone TEXT NOT NULL,
    hours JSONB NOT NULL,
    address TEXT,
    site TEXT,
    operator_id UUID,
    person JSONB NOT NULL,
    sequence BIGINT NOT NULL,
    CONSTRAINT pk_partner PRIMARY KEY (id)
)
"""
    )
