"""Desks are published when they change, and once those of an earlier release."""

import pytest

from libs.common.contracts.desks import DeskChanged
from services.tasks.desks.actions import announce_desks
from tests.tasks.client import Api
from tests.tasks.desk import Desk

#: As releases before publish a desk, which leave out its holidays.
BEFORE = "UPDATE desk SET zone = 'Asia/Omsk', version = version + 1, announced_version = version + 1"
AT_THE_UPGRADE = "UPDATE desk SET announced_whole = NULL"


@pytest.mark.req("P.1")
@pytest.mark.parametrize("earlier", [AT_THE_UPGRADE, BEFORE])
async def test_a_desk_that_an_earlier_release_published_is_published_once_with_its_holidays(
    desk: Desk, earlier: str
) -> None:
    before = len(await desk.sent(DeskChanged))
    await desk.ctx.db.pool.execute(earlier)
    assert [await announce_desks(desk.ctx) for _ in range(2)] == [1, 0]
    (said,) = (await desk.sent(DeskChanged))[before:]
    assert (said.code, said.holidays is None) == ("demo", False)


async def test_what_was_published_at_its_change_is_not_published_again(desk: Desk, api: Api) -> None:
    shown = await api.call("GET", "/desks/demo", role="admin")
    changed = await api.call(
        "PATCH", "/desks/demo", role="admin", json={"zone": "Asia/Omsk"}, tag=shown.headers["etag"]
    )
    assert (changed.status_code, await announce_desks(desk.ctx)) == (200, 0)
