"""First version of the audit log's table, for one migration of each service that has it: frozen once released."""

from alembic import op

_STATEMENTS = (
    """
    CREATE TABLE audit (
        id bigint GENERATED ALWAYS AS IDENTITY,
        at timestamptz NOT NULL DEFAULT clock_timestamp(),
        desks text[] NOT NULL,
        caller text NOT NULL,
        role text NOT NULL,
        scope text NOT NULL,
        operation text NOT NULL,
        shown integer NOT NULL,
        whose text[] NOT NULL,
        CONSTRAINT pk_audit PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX ix_audit_caller ON audit (caller, id)",
    "CREATE INDEX ix_audit_whose ON audit USING gin (whose)",
    "CREATE INDEX ix_audit_at ON audit USING brin (at)",
    # The service owns its tables, so that no right can be taken from it for good: a trigger refuses instead.
    """
    CREATE FUNCTION refuse_change_of_audit() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' AND OLD.at < clock_timestamp() - interval '90 days' THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'the audit log is never changed' USING ERRCODE = 'insufficient_privilege';
    END $$
    """,
    """
    CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_audit()
    """,
    "CREATE TRIGGER audit_is_kept BEFORE TRUNCATE ON audit EXECUTE FUNCTION refuse_change_of_audit()",
)


def add_audit_v1() -> None:
    """Make the table, which releases before do not know."""
    for statement in _STATEMENTS:
        op.execute(statement)
