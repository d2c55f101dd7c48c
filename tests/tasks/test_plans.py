"""Plans of the statements that a burst repeats: they grow with the batch, never with what is open."""

from services.tasks.processes import store
from services.tasks.tasks.store import MOVED_TASK
from tests.tasks.desk import Desk, lead


async def test_moves_of_a_batch_look_their_tasks_up_by_id(desk: Desk) -> None:
    await desk.receive(*(lead("callback") for _ in range(200)))
    anything = ", ".join(["'{}'"] * len(MOVED_TASK.columns))
    async with desk.ctx.db.pool.acquire() as conn, conn.transaction():
        await conn.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        await conn.execute(f"PREPARE moves AS {store.UPDATE_TASKS}")
        plan = await conn.fetch(f"EXPLAIN EXECUTE moves({anything})")
    assert any("task_pkey" in row[0] or "Hash Join" in row[0] for row in plan), [row[0] for row in plan]
