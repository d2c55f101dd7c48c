"""What the open streams of a process share: one poll, and no memory for who is slow (P.5)."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from uuid import UUID

import pytest

from libs.common.contracts import tasks
from libs.common.contracts.shared import SubjectKind
from libs.common.platform.ids import uuid7
from services.tasks.engine.facts import Subject
from services.tasks.live import hub, queries
from services.tasks.live.hub import Step
from services.tasks.timeline.store import Entry, write_entries
from tests.support.patience import PATIENCE
from tests.tasks.client import Api, Json
from tests.tasks.desk import Desk
from tests.tasks.test_moves_api import opened

pytestmark = [pytest.mark.req("U14")]


async def write(desk: Desk, task: Json) -> None:
    subject, now = Subject(SubjectKind.LEAD, UUID(task["lead_id"])), desk.clock.now()
    kind, task_id = tasks.TaskOverdue.event_type, UUID(task["id"])
    async with desk.ctx.db.begin() as tx:
        await write_entries(
            tx, [Entry("demo", subject, uuid7(), None, uuid7(), "tasks", now, kind, {}, task_id=task_id)]
        )
        await tx.commit()


async def read(steps: AsyncGenerator[Step, None], count: int) -> list[str]:
    """Return the places of the next overdue tasks."""
    found: list[str] = []
    async with asyncio.timeout(PATIENCE):
        while len(found) < count:
            step = await anext(steps)
            found += [str(change.cursor) for change in step.changes if change.kind == "task_overdue"]
    return found


@pytest.mark.parametrize("page", [2, 200])
async def test_who_is_slower_than_what_is_remembered_reads_the_table(
    desk: Desk, api: Api, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(hub, "REMEMBERED", 3)
    monkeypatch.setattr(queries, "PAGE", page)
    live, task = desk.ctx.live, await opened(desk, api)
    start = await live.start(None)
    async with aclosing(live.follow(None, start)) as slow, aclosing(live.follow(None, start)) as quick:
        await write(desk, task)
        seen = await asyncio.gather(read(slow, 1), read(quick, 1))
        for _ in range(10):
            await write(desk, task)
        rest = await read(quick, 10)
        assert await read(slow, 10) == rest
    assert (seen[0], len({*seen[1], *rest})) == (seen[1], 11)


async def test_a_process_without_open_streams_looks_for_nothing(desk: Desk, api: Api) -> None:
    live, task = desk.ctx.live, await opened(desk, api)
    async with aclosing(live.follow(None, await live.start(None))) as steps:
        await write(desk, task)
        await read(steps, 1)
    async with asyncio.timeout(PATIENCE):
        while live.poll.is_looking:
            await asyncio.sleep(0.01)


async def test_who_comes_after_a_pause_is_given_what_came_meanwhile(desk: Desk, api: Api) -> None:
    live, task = desk.ctx.live, await opened(desk, api)
    place = await live.start(None)
    async with aclosing(live.follow(None, place)) as steps:
        await write(desk, task)
        first = await read(steps, 1)
    await write(desk, task)
    async with aclosing(live.follow(None, place)) as steps:
        await write(desk, task)
        found = await read(steps, 3)
    assert (found[:1], len(set(found))) == (first, 3)
