"""Redistributions of many members, by the worker, and beside others who move the same (S2.2)."""

import asyncio
from uuid import UUID

import pytest

from libs.common.contracts import Cause, tasks
from libs.common.platform import stages
from services.tasks.redistributions.actions import apply, continue_redistribution
from services.tasks.redistributions.worker import redistribution_loop
from services.tasks.tasks.actions import take
from tests.support.patience import PATIENCE
from tests.tasks.client import Api
from tests.tasks.desk import ANNA_ID, Desk
from tests.tasks.redistributing import (
    TO_BORIS,
    applied,
    count,
    owned,
    planned,
    states,
    step,
)
from tests.tasks.test_races import caller
from tests.tasks.turns import one_after_the_other


async def test_many_members_are_moved_by_the_worker_and_a_kill_loses_none(
    desk: Desk, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "MOST", 2)
    for _ in range(5):
        await owned(desk, api)
    what = await applied(api)
    counts = [await count(api, what)]
    while await continue_redistribution(desk.ctx):
        counts.append(await count(api, what))
    assert counts == [("applying", 2), ("applying", 4), ("applied", 5)]
    assert len(await desk.sent(tasks.TaskReleased)) == 5


async def test_many_members_are_taken_back_by_the_worker(
    desk: Desk, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        await owned(desk, api)
    what = await applied(api)
    monkeypatch.setattr(stages, "MOST", 2)
    undone = await step(api, what, "undo")
    while await continue_redistribution(desk.ctx):
        pass
    assert (undone["state"], await states(api, what)) == ("undoing", [("returned", None)] * 5)


async def test_a_member_that_fails_alone_is_noted_and_the_others_go_on(
    desk: Desk, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "MOST", 0)
    bad, _ = await owned(desk, api), await owned(desk, api)
    what = await applied(api)
    monkeypatch.setattr(stages, "MOST", 100)
    await desk.ctx.db.pool.execute("UPDATE process SET facts = facts - 'language' WHERE lead_id = $1", bad)
    while await continue_redistribution(desk.ctx):
        pass
    assert await states(api, what) == [("changed", "failed"), ("moved", None)]


async def test_the_loop_moves_them(desk: Desk, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "MOST", 0)
    await owned(desk, api)
    what = await applied(api)
    monkeypatch.setattr(stages, "MOST", 100)
    stop = asyncio.Event()

    async def look() -> None:
        async with asyncio.timeout(PATIENCE):
            while (await count(api, what))[0] != "applied":
                await asyncio.sleep(0.01)
        stop.set()

    await asyncio.gather(redistribution_loop(desk.ctx)(stop), look())


@pytest.mark.parametrize("first", ["take", "apply"])
async def test_a_take_and_a_redistribution_at_once_are_one_after_the_other(
    desk: Desk, api: Api, first: str
) -> None:
    lead_id = await owned(desk, api)
    what = await planned(api, TO_BORIS)
    task_id = UUID((await api.task(lead_id))["id"])
    begin = take(desk.ctx, caller("anna"), task_id, Cause.fresh())
    move = step(api, what, "apply")
    await one_after_the_other(desk, "process", *((begin, move) if first == "take" else (move, begin)))
    released = len(await desk.sent(tasks.TaskReleased))
    assert (await states(api, what), released) == ([("changed", "task_taken")], 0 if first == "take" else 1)
    assert (await api.task(lead_id))["operator_id"] == str(ANNA_ID)


async def test_two_who_apply_at_once_move_everything_once(desk: Desk, api: Api) -> None:
    await owned(desk, api)
    what = await planned(api)
    chief = caller("chief")
    calls = [apply(desk.ctx, chief, UUID(what["id"]), what["version"]) for _ in range(2)]
    answers = await one_after_the_other(desk, "redistribution", *calls)
    assert [type(answer).__name__ for answer in answers] == ["NoneType", "StaleVersionError"]
    assert len(await desk.sent(tasks.TaskReleased)) == 1
