"""The first edition of the tables of edits and of saved filters, for the migrations of every service."""

from alembic import op

_STATEMENTS = (
    """
    CREATE TABLE edit (
        id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_edit PRIMARY KEY,
        at timestamptz NOT NULL DEFAULT clock_timestamp(),
        resource text NOT NULL,
        seen integer,
        caller text NOT NULL,
        operation text NOT NULL,
        fields text[] NOT NULL
    )
    """,
    "CREATE INDEX ix_edit_resource ON edit (resource, id)",
    """
    CREATE TABLE saved_filter (
        id uuid CONSTRAINT pk_saved_filter PRIMARY KEY,
        desk text NOT NULL,
        owner text NOT NULL,
        list text NOT NULL,
        name text NOT NULL,
        query jsonb NOT NULL,
        shared boolean NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        changed_at timestamptz NOT NULL
    )
    """,
    "CREATE UNIQUE INDEX uq_saved_filter_desk_owner_list_name ON saved_filter (desk, owner, list, name)",
)


def add_edits_v1() -> None:
    """Make the tables `edit` and `saved_filter`."""
    for statement in _STATEMENTS:
        op.execute(statement)
