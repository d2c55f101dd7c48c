"""No provider's id of a message stays of who is erased; what erasures have left by now goes at once.

In place of an id stands a name that nothing can be known by: it is too late to make one by a key.
"""

from alembic import op

revision = "notifications_0041"
down_revision = "notifications_0040"

_NAME = "'erased ' || gen_random_uuid()"
_THEIRS = """(
    m.lead_id IN (SELECT id FROM erased WHERE kind = 'lead')
    OR m.customer_id IN (SELECT id FROM erased WHERE kind = 'customer'))
"""
_STATEMENTS = (
    """
    CREATE TABLE forgotten_key (
        id uuid CONSTRAINT pk_forgotten_key PRIMARY KEY,
        key bytea NOT NULL,
        made_at timestamptz NOT NULL
    )
    """,
    f"""
    UPDATE attempt a SET provider_message_id = {_NAME}
    FROM message m
    WHERE a.message_id = m.id AND a.address = '' AND {_THEIRS} AND NOT starts_with(a.provider_message_id, 'erased ')
    """,  # noqa: S608 - columns of our own
    f"""
    UPDATE received_message m SET external_id = {_NAME}
    WHERE m.known_by = '[]' AND {_THEIRS} AND NOT starts_with(m.external_id, 'erased ')
    """,  # noqa: S608 - columns of our own
    # Of messages, and of none: an erasure or their age has emptied them.
    f"""
    UPDATE callback SET provider_message_id = {_NAME}
    WHERE state <> 'new' AND payload = '{{}}' AND address IS NULL AND sender IS NULL AND text IS NULL
      AND NOT starts_with(provider_message_id, 'erased ')
    """,  # noqa: S608 - columns of our own
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
