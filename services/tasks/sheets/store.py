"""Ticked steps: rows in and out."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from libs.common.platform.db import Connection

TICKED = "SELECT step, actor, at FROM ticked_step WHERE task_id = $1"
TICK = """
INSERT INTO ticked_step (task_id, step, desk, actor, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING
"""
UNTICK = "DELETE FROM ticked_step WHERE task_id = $1 AND step = $2"


async def ticked(conn: Connection, task_id: UUID) -> Sequence[asyncpg.Record]:
    """Return the steps of a task that were ticked, with who and when."""
    return await conn.fetch(TICKED, task_id)


async def tick(conn: Connection, task_id: UUID, step: str, desk: str, actor: str, at: datetime) -> None:
    """Tick a step; one that is ticked already stays as it is."""
    await conn.execute(TICK, task_id, step, desk, actor, at)


async def untick(conn: Connection, task_id: UUID, step: str) -> None:
    """Take the tick off a step, if there is one."""
    await conn.execute(UNTICK, task_id, step)
