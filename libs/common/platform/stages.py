"""Plans that are applied and undone by and by: what redistributions and bulk actions have in common (P.15).

A plan is a row of a table of the service's own with its members beside it. Who has locked the row does its members.
"""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from asyncpg import Record

from libs.common.domain.plans import Progress
from libs.common.platform.db import Connection
from libs.common.platform.db.errors import is_transient
from libs.common.platform.telemetry.logs import get_logger

#: Members that one transaction does at most.
MOST = 100

log = get_logger(__name__)


_UNDER_WAY = "state IN ('applying', 'undoing')"


class Plans:
    """The statements of one table of plans; each has `state`, `version`, and when and by whom it came so far."""

    def __init__(self, table: str) -> None:
        self._lock = f"SELECT * FROM {table} WHERE id = $1 FOR NO KEY UPDATE"  # noqa: S608 - a table of our own
        self._under_way = f"""
SELECT * FROM {table} WHERE {_UNDER_WAY} ORDER BY id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
"""  # noqa: S608 - a table of our own
        self._move_on = f"""
UPDATE {table} SET state = $2, version = version + 1,
    applied_at = CASE WHEN $2 = 'applying' THEN $3 ELSE applied_at END,
    applied_by = CASE WHEN $2 = 'applying' THEN $4 ELSE applied_by END,
    undone_at = CASE WHEN $2 = 'undoing' THEN $3 ELSE undone_at END,
    undone_by = CASE WHEN $2 = 'undoing' THEN $4 ELSE undone_by END
WHERE id = $1
"""  # noqa: S608 - a table of our own
        #: A condition of the worker's lookout.
        self.are_under_way = f"EXISTS (SELECT FROM {table} WHERE {_UNDER_WAY})"

    async def lock(self, conn: Connection, plan_id: UUID) -> Record | None:
        """Lock a plan: one transaction at a time does its members."""
        return await conn.fetchrow(self._lock, plan_id)

    async def under_way(self, conn: Connection) -> Record | None:
        """Lock the oldest plan that has members to do and that no other transaction is doing."""
        return await conn.fetchrow(self._under_way)

    async def move_on(self, conn: Connection, plan_id: UUID, state: Progress, now: datetime, actor: str) -> None:
        """Store how far a plan is now."""
        await conn.execute(self._move_on, plan_id, state, now, actor)


class Step(Protocol):
    """Does the next members of a plan in one transaction; False: there is none. `failed`: they are given up."""

    async def __call__(self, limit: int, *, failed: bool = False) -> bool: ...


async def go_on(step: Step) -> bool:
    """Do the next members; return whether there was anything to do.

    When they fail together, the first is done alone; one that fails alone is given up, and the others go on.
    """
    try:
        return await step(MOST)
    except Exception as error:
        if is_transient(error):
            raise
        log.warning("members failed together, doing one at a time", error_type=type(error).__name__)
    try:
        return await step(1)
    except Exception as error:
        if is_transient(error):
            raise
        log.exception("a member failed alone and is given up")
        return await step(1, failed=True)


async def begin(step: Step) -> None:
    """Do the first members of a stage that was begun; what cannot be done now is left to the worker."""
    try:
        await go_on(step)
    except Exception as error:
        if not is_transient(error):
            raise
