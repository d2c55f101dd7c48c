"""Deleting what the audit log need not keep any longer, in the worker."""

import asyncio

from libs.common.platform.db import Database
from libs.common.platform.db.errors import is_transient
from libs.common.platform.telemetry.logs import get_logger
from libs.common.platform.waiting import wait_for_stop

LEAST_DAYS = 90  # younger rows are guarded by the table's trigger
SWEEP_SECONDS = 3600.0
_AT_ONCE = 5000  # rows

SWEEP = """
DELETE FROM audit WHERE id = ANY (ARRAY(
    SELECT id FROM (SELECT id, at FROM audit ORDER BY id LIMIT $2) oldest
    WHERE at < clock_timestamp() - make_interval(days => $1)))
"""

log = get_logger(__name__)


async def sweep(db: Database, days: int) -> None:
    """Delete what is older than so many days."""
    while await db.pool.execute(SWEEP, days, _AT_ONCE) == f"DELETE {_AT_ONCE}":
        pass


async def keep_audit(db: Database, days: int, stop: asyncio.Event) -> None:
    """Sweep every hour until `stop`."""
    done = False
    while not done:
        try:
            await sweep(db, days)
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("audit log not swept", error_type=type(error).__name__)
        done = await wait_for_stop(stop, SWEEP_SECONDS)
