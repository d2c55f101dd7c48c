"""Desks are published when they change, and once those of an earlier release."""

import pytest

from libs.common.contracts.desks import DeskChanged
from services.tasks.desks.actions import announce_desks
from tests.tasks.client import Api
from tests.tasks.desk import Desk

EARLIER_RELEASE = "UPDATE desk SET announced_version = NULL"


@pytest.mark.req("P.1")
async def test_a_desk_of_an_earlier_release_is_published_once(desk: Desk) -> None:
    before = len(await desk.sent(DeskChanged))
    await desk.ctx.db.pool.execute(EARLIER_RELEASE)
    assert [await announce_desks(desk.ctx) for _ in range(2)] == [1, 0]
    assert [data.code for data in (await desk.sent(DeskChanged))[before:]] == ["demo"]


async def test_what_was_published_at_its_change_is_not_published_again(desk: Desk, api: Api) -> None:
    shown = await api.call("GET", "/desks/demo", role="admin")
    changed = await api.call(
        "PATCH", "/desks/demo", role="admin", json={"zone": "Asia/Omsk"}, tag=shown.headers["etag"]
    )
    assert (changed.status_code, await announce_desks(desk.ctx)) == (200, 0)
