"""Plans of the statements that every batch repeats: they grow with the batch, never with what is open."""

import pytest

from libs.common.platform.db import Connection
from services.tasks.processes import store
from services.tasks.processes.surroundings import WAITING_FOR_REPLY
from services.tasks.queues import store as queues
from services.tasks.tasks.store import MOVED_TASK
from tests.tasks.desk import Desk, lead


def _none(number: int) -> str:
    """Return so many empty arrays as arguments."""
    return ", ".join(["'{}'"] * number)


STATEMENTS = (
    (store.UPDATE_TASKS, _none(len(MOVED_TASK.columns))),
    (store.PARTS, f"{_none(1)}, NULL, NULL"),
    (store.LOCK, _none(3)),
    (store.LOCK_IDS, _none(1)),
    (store.INSERT_TIMERS, _none(len(store.NEW_TIMER.columns))),
    (store.DELETE_TIMERS, _none(2)),
    (WAITING_FOR_REPLY, _none(1)),
)
OF_ALL_OPEN = ("ix_task_version", "ix_task_held", "ix_process_owner_id", "Seq Scan on process")
WHO_ASKS = "'[]', NULL, NULL, '{}', '{}', NULL, '{}'"


@pytest.mark.parametrize("analyzed", [False, True])
async def test_a_batch_looks_its_rows_up_by_id(desk: Desk, analyzed: bool) -> None:
    await desk.receive(*(lead("callback") for _ in range(600)))
    async with desk.ctx.db.pool.acquire() as conn, conn.transaction():
        if analyzed:
            await conn.execute("ANALYZE process, task")
        plan = [line for text, given in STATEMENTS for line in await planned(conn, text, given)]
    assert [line for line in plan if any(word in line for word in OF_ALL_OPEN)] == []


@pytest.mark.parametrize("analyzed", [False, True])
async def test_next_reads_a_lane_in_its_order_and_no_further_than_the_first(desk: Desk, analyzed: bool) -> None:
    await desk.receive(*(lead("callback") for _ in range(600)))
    async with desk.ctx.db.pool.acquire() as conn, conn.transaction():
        if analyzed:
            await conn.execute("ANALYZE process, task")
        plan = await planned(conn, queues.FIRST[False, False], WHO_ASKS)
    reads = [line.split(" using ")[1].split()[0] for line in plan if "Index Scan" in line]
    assert reads == ["ix_task_held", "pk_process", "ix_task_free", "pk_process"]
    assert [line for line in plan if "Sort" in line or "Seq Scan" in line] == []


async def planned(conn: Connection, statement: str, given: str) -> list[str]:
    """Return the generic plan of a statement."""
    await conn.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    await conn.execute(f"PREPARE tried AS {statement}")
    rows = await conn.fetch(f"EXPLAIN EXECUTE tried({given})")
    await conn.execute("DEALLOCATE tried")
    return [row[0] for row in rows]
