"""Reading subscriptions."""

from collections.abc import Sequence

import asyncpg

from libs.common.platform.db import Database

MINE = """
SELECT s.* FROM push_subscription s JOIN operator o USING (operator_id)
WHERE o.subject = $1 AND o.active ORDER BY s.id
"""


async def subscriptions_of(db: Database, subject: str) -> Sequence[asyncpg.Record]:
    """Return the browsers of a token's `sub`, the oldest first."""
    return await db.pool.fetch(MINE, subject)
