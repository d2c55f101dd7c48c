"""Channels are published: each change once, and those of an earlier release."""

import pytest

from libs.common.contracts.notifications import ChannelChanged
from libs.common.platform.db import Database
from services.notifications.channels.actions import announce_channels
from tests.notifications.api import running_api
from tests.notifications.support import DESK, channel


async def published(db: Database) -> list[ChannelChanged]:
    rows = await db.pool.fetch("SELECT body FROM outbox WHERE type = $1 ORDER BY id", ChannelChanged.event_type)
    return [ChannelChanged.model_validate_json(row["body"]) for row in rows]


@pytest.mark.req("P.1")
async def test_a_channel_is_published_once_for_each_change(notifications_db: Database) -> None:
    channel_id = await channel(notifications_db)
    async with running_api(notifications_db) as api:
        now = api.ctx.core.clock.now()
        told = [await announce_channels(notifications_db, now) for _ in range(2)]
        retired = await api.call("PATCH", f"/channels/{channel_id}", {"active": False}, if_match='"1"')
        told += [await announce_channels(notifications_db, now) for _ in range(2)]
    found = [(each.code, each.active, each.version) for each in await published(notifications_db)]
    assert (retired.status_code, told) == (200, [1, 0, 1, 0])
    assert found == [("main", True, 1), ("main", False, 2)]


async def test_its_key_is_its_own(notifications_db: Database) -> None:
    channel_id = await channel(notifications_db)
    async with running_api(notifications_db) as api:
        await announce_channels(notifications_db, api.ctx.core.clock.now())
    row = await notifications_db.pool.fetchrow(
        "SELECT key, desk FROM outbox WHERE type = $1", ChannelChanged.event_type
    )
    assert row is not None
    assert (row["key"], row["desk"]) == (f"channel:{channel_id}", DESK)
