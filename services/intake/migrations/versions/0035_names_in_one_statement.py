"""Whether an order is known by a name, asked in the statement that stores it: the release before asks before."""

from alembic import op

revision = "intake_0035"
down_revision = "intake_0034"

# The statement that calls it sees what was there when it began. A volatile function sees what is there at each of
# its own statements, so what the one who held the locks has committed meanwhile is found.
_STATEMENT = """
CREATE FUNCTION is_known_by_name(of_source uuid, said_id text, said_number text) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(key) FROM (
        SELECT DISTINCT hashtextextended(of_source || ' ' || name, 0) AS key
        FROM unnest(ARRAY[said_id, said_number]) AS name WHERE name IS NOT NULL ORDER BY key
    ) g;
    RETURN EXISTS (SELECT FROM sales_order o WHERE o.source_id = of_source AND o.external_number = said_number)
        OR EXISTS (SELECT FROM sales_order o
                   WHERE o.source_id = of_source AND o.external_id IN (said_number, 'number:' || said_number))
        OR EXISTS (SELECT FROM sales_order o WHERE o.source_id = of_source AND o.external_alias = said_id);
END $$
"""


def upgrade() -> None:
    op.execute(_STATEMENT)
