"""Two connections that meet: their calls wait for one lock, in a known order."""

import asyncio
from collections.abc import Awaitable
from typing import Any

from libs.common.testkit.database import BLOCKED
from tests.support.patience import PATIENCE
from tests.tasks.desk import Desk


async def one_after_the_other(
    desk: Desk, table: str, *calls: Awaitable[object], passing: Awaitable[object] | None = None
) -> list[Any]:
    """Let the calls wait for the rows of a table in their order, then go on; return their results or errors.

    `passing` waits for nothing: it runs while the others wait, and its result is the last.
    """
    running: list[asyncio.Future[object]] = []
    async with desk.ctx.db.begin() as tx:
        await tx.conn.execute(f"SELECT FROM {table} FOR UPDATE")
        for number, call in enumerate(calls, 1):
            running.append(asyncio.ensure_future(call))
            async with asyncio.timeout(PATIENCE):
                while await desk.ctx.db.pool.fetchval(BLOCKED) < number:
                    await asyncio.sleep(0.01)
        passed = [await passing] if passing is not None else []
    return [*await asyncio.gather(*running, return_exceptions=True), *passed]
