"""Reading how channels deliver."""

from collections.abc import Collection, Sequence

import asyncpg

from libs.common.platform.db import Database
from services.notifications.autopilot.rules import End

_SUMS = ", ".join(f"coalesce(sum(m.{end}), 0)::int AS {end}" for end in End)
RATES = f"""
SELECT c.id AS channel_id, c.desk, c.code, c.kind, c.provider, c.halted_code, {_SUMS}
FROM channel c
LEFT JOIN channel_minute m ON m.channel_id = c.id AND m.minute > now() - make_interval(hours => $2)
WHERE c.active AND ($1::text[] IS NULL OR c.desk = ANY($1))
GROUP BY c.id ORDER BY c.desk, c.code
"""  # noqa: S608 - columns of our own


async def rates_of_channels(db: Database, desks: Collection[str] | None, hours: int) -> Sequence[asyncpg.Record]:
    """Return what active channels have done in the last hours; `desks` None means all."""
    return await db.pool.fetch(RATES, None if desks is None else list(desks), hours)
