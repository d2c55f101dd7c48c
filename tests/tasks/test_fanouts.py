"""Events for very many processes: a job and a command for each, resumed where a worker died."""

import asyncio
import os
import signal
import sys
from dataclasses import replace
from uuid import UUID

import pytest
import pytest_asyncio

from libs.common.platform import faultpoints
from libs.common.platform.telemetry.metrics import new_registry
from services.tasks.context import Context
from services.tasks.fanouts.actions import carry_out, reactivate, spread
from tests.tasks.client import Api
from tests.tasks.desk import Desk
from tests.tasks.subjects import activate_all, born, customer_changed

MANY = 101
OLDEST = "(SELECT id FROM process ORDER BY id LIMIT 1)"
STATE = "opened, breaches, attempts, messages, facts, person, correlation_id, started_at"
#: More leads of the customer of the one that there is. They have no tasks: the engine mends that (S2.6).
COPY = f"""
INSERT INTO process (id, desk, lead_id, customer_id, playbook, playbook_version, {STATE})
SELECT uuidv7(), desk, uuidv7(), customer_id, playbook, playbook_version, {STATE}
FROM process, generate_series(2, $1)
"""
NOTED = "SELECT count(*) FROM timeline_entry WHERE kind = 'note'"
LEFT = "SELECT (SELECT count(*) FROM fanout), (SELECT count(*) FROM fanout_command)"


@pytest_asyncio.fixture
async def customer_id(desk: Desk) -> UUID:
    """A customer with more listening leads than one transaction should hold; one task of them is open."""
    await activate_all(desk)
    received = born("main")
    await desk.receive(received)
    await desk.ctx.db.pool.execute(COPY, MANY)
    return received.customer_id


async def noted(desk: Desk) -> int:
    found: int = await desk.ctx.db.pool.fetchval(NOTED)
    return found


async def left(desk: Desk) -> tuple[int, int]:
    """Return how many jobs and commands there are."""
    jobs, commands = await desk.ctx.db.pool.fetchrow(LEFT) or (0, 0)
    return jobs, commands


async def finish(ctx: Context) -> None:
    while await spread(ctx) or await carry_out(ctx):
        pass


@pytest.mark.req("P.1")
async def test_an_event_for_many_processes_is_given_to_each_once(desk: Desk, customer_id: UUID) -> None:
    await desk.receive(customer_changed(customer_id))
    before = await noted(desk), (await left(desk))[0]
    await finish(desk.ctx)
    assert (before, await noted(desk), await left(desk)) == ((0, 1), MANY, (0, 0))


async def test_an_event_for_few_processes_is_given_to_them_at_once(desk: Desk) -> None:
    await activate_all(desk)
    received = born("main")
    await desk.receive(received, customer_changed(received.customer_id))
    assert (await noted(desk), await left(desk)) == (1, (0, 0))


async def test_processes_that_do_not_listen_make_no_job(desk: Desk, customer_id: UUID) -> None:
    await desk.ctx.db.pool.execute("UPDATE process SET playbook = 'callback', playbook_version = 1")
    await desk.receive(customer_changed(customer_id))
    assert await left(desk) == (0, 0)


@pytest.mark.req("P.1")
async def test_a_worker_that_dies_between_steps_is_followed_by_the_next(desk: Desk, customer_id: UUID) -> None:
    await desk.receive(customer_changed(customer_id))
    await spread(desk.ctx, page=40)
    await carry_out(desk.ctx, 7)
    between = await left(desk), await noted(desk)
    await finish(Context.of(replace(desk.ctx.core, metrics=new_registry()), desk.ctx.settings))
    assert (between, await noted(desk), await left(desk)) == (((1, 33), 7), MANY, (0, 0))


@pytest.mark.req("P.1")
@pytest.mark.parametrize(
    "point", ["fanouts.spread:1", "fanouts.spread:3", "fanouts.claimed:1", "fanouts.claimed:4"]
)
async def test_a_process_killed_at_any_step_neither_loses_nor_doubles_a_command(
    desk: Desk, customer_id: UUID, point: str
) -> None:
    await desk.receive(customer_changed(customer_id))
    assert await killed(desk, point) == -signal.SIGKILL
    assert await killed(desk, "") == 0
    assert (await noted(desk), await left(desk)) == (MANY, (0, 0))


async def killed(desk: Desk, point: str) -> int:
    """Let a process of its own carry out what there is until the fault point, and return how it ended."""
    command = (sys.executable, "-m", "tests.tasks.killed_fanouts", desk.ctx.db.config.url)
    process = await asyncio.create_subprocess_exec(*command, env={**os.environ, faultpoints.VARIABLE: point})
    return await process.wait()


async def test_two_workers_carry_out_no_command_twice(desk: Desk, customer_id: UUID) -> None:
    await desk.receive(customer_changed(customer_id))
    await spread(desk.ctx)
    async with desk.ctx.db.begin() as tx:
        await tx.conn.execute(f"SELECT FROM process WHERE id = {OLDEST} FOR UPDATE")
        assert await carry_out(desk.ctx, MANY) == MANY - 1
    await finish(desk.ctx)
    assert await noted(desk) == MANY


async def test_what_comes_behind_it_keeps_the_order_of_its_key(desk: Desk, customer_id: UUID) -> None:
    first, second = [(await desk.receive(customer_changed(customer_id)))[0].event_id for _ in range(2)]
    await desk.ctx.db.pool.execute(f"UPDATE process SET ended_at = now() WHERE id > {OLDEST}")
    (third,) = await desk.receive(customer_changed(customer_id))
    jobs = (await left(desk))[0]
    await finish(desk.ctx)
    causes = await desk.ctx.db.pool.fetch("SELECT causation_id FROM timeline_entry WHERE kind = 'note' ORDER BY id")
    assert (jobs, [row["causation_id"] for row in causes]) == (3, [first, second, third.event_id])


async def test_a_process_that_cannot_be_given_it_is_set_aside_and_holds_up_no_other(
    desk: Desk, customer_id: UUID
) -> None:
    broken = "(SELECT id FROM process WHERE playbook = 'main' ORDER BY id DESC LIMIT 1)"
    await desk.receive(customer_changed(customer_id))
    await desk.ctx.db.pool.execute(f"UPDATE process SET facts = '{{}}' WHERE id = {broken}")
    await finish(desk.ctx)
    waiting = await noted(desk), await left(desk)
    mend = f"UPDATE process SET facts = (SELECT facts FROM process ORDER BY id LIMIT 1) WHERE id = {broken}"
    await desk.ctx.db.pool.execute(mend)
    await reactivate(desk.ctx)
    await finish(desk.ctx)
    assert (waiting, await noted(desk), await left(desk)) == ((MANY - 1, (1, 1)), MANY, (0, 0))
    assert desk.ctx.core.metrics.get_sample_value("tasks_fanout_commands_set_aside_total") == 1


async def test_the_process_that_it_starts_begins_at_once_and_hears_no_more(desk: Desk, customer_id: UUID) -> None:
    await desk.receive(customer_changed(customer_id))
    await finish(desk.ctx)
    rows = await desk.ctx.db.pool.fetch("SELECT playbook, count(*) AS n FROM process GROUP BY 1 ORDER BY 1")
    assert ([tuple(row) for row in rows], await noted(desk)) == ([("care", 1), ("main", MANY)], MANY)


async def test_the_timeline_of_each_lead_tells_what_it_heard(desk: Desk, api: Api, customer_id: UUID) -> None:
    await desk.receive(customer_changed(customer_id))
    await finish(desk.ctx)
    lead_id = await desk.ctx.db.pool.fetchval("SELECT lead_id FROM process ORDER BY id DESC OFFSET 1 LIMIT 1")
    shown = await api.call("GET", "/timeline", role="admin", params={"lead_id": str(lead_id)})
    kinds = [step["kind"] for step in shown.json()["items"]]
    assert (kinds[0], kinds.count("note")) == ("dozvon.customer.changed.v1", 1)
