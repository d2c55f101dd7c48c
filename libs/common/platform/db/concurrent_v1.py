"""Parts of a migration that go on beside the running release, and may be broken off at any moment.

They stand first in their revision, inside `unhurried_v1`: each is committed by itself, and is begun again by the
next run. What a migration writes after them is one transaction.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import op

_BROKEN = "SELECT 1 FROM pg_index WHERE indexrelid = to_regclass('{name}') AND NOT indisvalid"


@contextmanager
def unhurried_v1() -> Iterator[None]:
    """Open a block where each statement is committed by itself."""
    with op.get_context().autocommit_block():
        yield


def index_v1(name: str, on: str) -> None:
    """Make an index concurrently; one that an earlier run left half-made is dropped before.

    It may take half an hour: no reader and no writer waits for it.
    """
    with _long_timeouts():
        if op.get_bind().exec_driver_sql(_BROKEN.format(name=name)).scalar() is not None:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        op.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {on}")


def check_v1(table: str, name: str, condition: str) -> None:
    """Give a table a check in the place of an older one of its name: at once for new rows, then for the others."""
    op.execute(
        f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}, ADD CONSTRAINT {name} CHECK ({condition}) NOT VALID"
    )
    with _long_timeouts():
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


@contextmanager
def _long_timeouts() -> Iterator[None]:
    op.execute("SET statement_timeout = '30min'")
    op.execute("SET lock_timeout = 0")
    yield
    op.execute("RESET lock_timeout")
    op.execute("RESET statement_timeout")
