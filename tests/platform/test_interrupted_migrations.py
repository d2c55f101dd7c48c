"""A migration that is broken off while it makes an index is run again, and leaves no broken index."""

import asyncio

import asyncpg
import pytest

from libs.common.platform.db.migrations import migrate
from libs.common.testkit.database import StackDatabase, empty_database
from tests.support.patience import eventually

pytestmark = pytest.mark.servers
# An index waits at its end for the one that still sees the database as it was.
BREAK_OFF = """
SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND query LIKE 'CREATE INDEX CONCURRENTLY%' AND wait_event = 'virtualxid'
"""
STATE = """
SELECT (SELECT version_num FROM intake.alembic_version),
       (SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('intake.' || $1))
"""


async def break_off(url: str, admin: asyncpg.Connection, admin_url: str, to: str) -> None:
    """Run migrations, and cancel them while they make an index."""
    reader = await asyncpg.connect(admin_url)
    try:
        async with reader.transaction(isolation="repeatable_read"):
            await reader.fetchval("SELECT 1")
            run = asyncio.create_task(migrate("intake", url, to=to))
            await eventually(lambda: admin.fetchval(BREAK_OFF), bool)
            with pytest.raises(Exception, match="canceling statement"):
                await run
    finally:
        await reader.close()


async def test_an_index_that_was_broken_off_is_made_anew_by_the_next_run(postgres_url: str) -> None:
    async with empty_database(postgres_url) as admin_url:
        url = StackDatabase(admin_url, {}).url("intake")
        admin = await asyncpg.connect(admin_url)
        for number, index in (
            (25, "ix_sales_order_not_placed"),
            (27, "ix_lead_created_at"),
            (29, "ix_sales_order_unbooked"),
            (30, "ix_payment_kept_there"),
            (34, "ix_sales_order_external_alias"),
        ):
            before, revision = f"intake_00{number - 1}", f"intake_00{number}"
            await migrate("intake", url, to=before)
            await break_off(url, admin, admin_url, revision)
            assert tuple(await admin.fetchrow(STATE, index) or ()) == (before, False)
            await migrate("intake", url, to=revision)
            assert tuple(await admin.fetchrow(STATE, index) or ()) == (revision, True)
        await admin.close()
