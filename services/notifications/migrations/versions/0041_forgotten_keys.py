"""No provider's id of a message stays of who is erased; what erasures have left by now goes at once.

A key is there from now on: erasures that the release before has noted, or has under way, find one.
"""

from alembic import op

from libs.common.platform.db.concurrent_v1 import unhurried_v1

revision = "notifications_0041"
down_revision = "notifications_0040"

_KEYS = """
CREATE TABLE IF NOT EXISTS forgotten_key (
    id uuid CONSTRAINT pk_forgotten_key PRIMARY KEY,
    key bytea NOT NULL,
    made_at timestamptz NOT NULL
)
"""
_KEY = """
INSERT INTO forgotten_key (id, key, made_at)
SELECT gen_random_uuid(), decode(replace(gen_random_uuid()::text || gen_random_uuid(), '-', ''), 'hex'), now()
WHERE NOT EXISTS (SELECT FROM forgotten_key)
"""
_NAME = """
'erased ' || encode(sha256((SELECT key FROM forgotten_key LIMIT 1) || convert_to({column}, 'UTF8')), 'hex')
"""
_CALLBACK = _NAME.format(column="provider_message_id")
# Of no message, emptied by an erasure or their age: a complaint about a mail has a reference beside its name. Those
# of messages that are emptied by their age lose their names by the worker, when it looks at them again.
_STRETCH = f"""
WITH seen AS MATERIALIZED (
    SELECT id FROM callback WHERE message_id IS NULL AND id > {{after}} ORDER BY id LIMIT 5000
), named AS (
    UPDATE callback SET provider_message_id = {_CALLBACK}
    WHERE id = ANY(ARRAY(SELECT id FROM seen)) AND state <> 'new' AND payload = '{{{{}}}}' AND reference IS NULL
      AND address IS NULL AND sender IS NULL AND text IS NULL AND NOT starts_with(provider_message_id, 'erased ')
)
SELECT max(id) FROM seen
"""  # noqa: S608 - columns of our own
_THEIRS = """(
    m.lead_id IN (SELECT id FROM erased WHERE kind = 'lead')
    OR m.customer_id IN (SELECT id FROM erased WHERE kind = 'customer'))
"""
_STATEMENTS = (
    f"""
    UPDATE attempt a SET provider_message_id = {_NAME.format(column="a.provider_message_id")}
    FROM message m
    WHERE a.message_id = m.id AND a.address = '' AND {_THEIRS} AND NOT starts_with(a.provider_message_id, 'erased ')
    """,  # noqa: S608 - columns of our own
    f"""
    UPDATE received_message m SET external_id = {_NAME.format(column="m.external_id")}
    WHERE m.known_by = '[]' AND {_THEIRS} AND NOT starts_with(m.external_id, 'erased ')
    """,  # noqa: S608 - columns of our own
    f"""
    UPDATE callback c SET provider_message_id = {_NAME.format(column="c.provider_message_id")}
    FROM message m
    WHERE c.message_id = m.id AND c.payload = '{{}}' AND {_THEIRS}
      AND NOT starts_with(c.provider_message_id, 'erased ')
    """,  # noqa: S608 - columns of our own
)


def upgrade() -> None:
    with unhurried_v1():
        op.execute(_KEYS)
        op.execute(_KEY)
        after: int | None = 0
        while after is not None:
            after = op.get_bind().exec_driver_sql(_STRETCH.format(after=after)).scalar()
    for statement in _STATEMENTS:
        op.execute(statement)
