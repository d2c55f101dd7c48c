"""Plans of the statements that every batch repeats: they grow with the batch, never with what is open."""

import pytest

from libs.common.platform.db import Connection
from services.tasks.processes import store
from services.tasks.tasks.store import MOVED_TASK
from tests.tasks.desk import Desk, lead

STATEMENTS = ((store.UPDATE_TASKS, len(MOVED_TASK.columns)), (store.OPEN_TASKS, 1), (store.LOCK, 3))
OF_ALL_OPEN = ("ix_task_version", "ix_task_held", "ix_process_owner_id", "Seq Scan on process")


@pytest.mark.parametrize("analyzed", [False, True])
async def test_a_batch_looks_its_rows_up_by_id(desk: Desk, analyzed: bool) -> None:
    await desk.receive(*(lead("callback") for _ in range(600)))
    async with desk.ctx.db.pool.acquire() as conn, conn.transaction():
        if analyzed:
            await conn.execute("ANALYZE process, task")
        await conn.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        plan = [line for each in STATEMENTS for line in await planned(conn, *each)]
    assert [line for line in plan if any(word in line for word in OF_ALL_OPEN)] == []


async def planned(conn: Connection, statement: str, parameters: int) -> list[str]:
    """Return the generic plan of a statement."""
    anything = ", ".join(["'{}'"] * parameters)
    await conn.execute(f"PREPARE tried AS {statement}")
    rows = await conn.fetch(f"EXPLAIN EXECUTE tried({anything})")
    await conn.execute("DEALLOCATE tried")
    return [row[0] for row in rows]
