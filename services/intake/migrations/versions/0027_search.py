"""Parts of names and phones are looked up by their trigrams (S4.15), the newest leads of several desks by time.

Operators have their names, which exports show.
"""

from alembic import op

from libs.common.platform.db.concurrent_v1 import index_v1, unhurried_v1

revision = "intake_0027"
down_revision = "intake_0026"

_OPERATORS = """
SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm'
"""
_INDEXES = (
    ("ix_lead_created_at", "lead (created_at, id)"),
    ("ix_lead_words", "lead USING gin (translate(lower(name), 'ё', 'е') {trigrams}, phone {trigrams})"),
    (
        "ix_lead_phone_raw",
        r"lead USING gin (regexp_replace(phone_raw, '\D', '', 'g') {trigrams}) WHERE phone IS NULL",
    ),
)


def upgrade() -> None:
    schema = op.get_bind().exec_driver_sql(_OPERATORS).scalar()
    if schema is None:
        raise RuntimeError("the extension pg_trgm is not there: run `python -m deploy.setup` first")
    # First, so that the rest is one transaction that can be begun again.
    with unhurried_v1():
        for name, on in _INDEXES:
            index_v1(name, on.format(trigrams=f"{schema}.gin_trgm_ops"))
    op.execute("ALTER TABLE operator ADD COLUMN name text")
