"""What the last outcome of a process did is kept for as long as it may be mended."""

from alembic import op

revision = "tasks_0017"
down_revision = "tasks_0016"

_STATEMENTS = (
    "ALTER TABLE pool ADD COLUMN mend_within integer NOT NULL DEFAULT 15",
    """
    CREATE TABLE mendable (
        process_id uuid CONSTRAINT pk_mendable PRIMARY KEY
            CONSTRAINT fk_mendable_process_id REFERENCES process (id),
        desk text NOT NULL,
        task_id uuid NOT NULL,
        given_at timestamptz NOT NULL,
        until timestamptz NOT NULL,
        deed jsonb NOT NULL
    )
    """,
    "CREATE INDEX ix_mendable_until ON mendable (until)",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
