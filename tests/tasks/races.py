"""Actions that meet: all are held at the processes' rows, and let go at once."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from libs.common.testkit.database import BLOCKED
from tests.support.patience import PATIENCE
from tests.tasks.desk import Desk

T = TypeVar("T")


async def both(desk: Desk, *calls: Awaitable[T]) -> list[T | BaseException]:
    """Start all actions before any gets the lock of its process; return their results."""
    async with desk.ctx.db.begin() as tx:
        await tx.conn.execute("SELECT * FROM process FOR UPDATE")
        running = [asyncio.ensure_future(call) for call in calls]
        async with asyncio.timeout(PATIENCE):
            while await desk.ctx.db.pool.fetchval(BLOCKED) < len(calls):
                await asyncio.sleep(0.01)
        await tx.commit()
    return await asyncio.gather(*running, return_exceptions=True)
