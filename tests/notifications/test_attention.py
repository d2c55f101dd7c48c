"""A supervisor's board counts what waits for a person at notifications."""

from datetime import UTC, datetime, timedelta

import pytest

from libs.common.contracts.attention import NotificationsAttentionCleared, NotificationsAttentionRaised
from libs.common.platform.attention.watch import look
from libs.common.platform.db import Database
from services.notifications.app import SAY
from services.notifications.attention import KINDS
from tests.notifications.api import running_api
from tests.notifications.support import BODIES, DESK, channel

HALT = """
UPDATE channel SET halted_at = $1, halted_code = CASE WHEN $1::timestamptz IS NOT NULL THEN 'no_money' END
"""
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.mark.req("S2.2", "S2.5")
async def test_halted_channels_and_templates_to_approve_are_counted(notifications_db: Database) -> None:
    await channel(notifications_db)
    async with running_api(notifications_db) as api:
        for _ in range(2):
            await api.call("POST", "/templates", {"desk": DESK, "code": "new_one", "bodies": BODIES})
        await notifications_db.pool.execute("UPDATE channel SET halted_code = 'no_money', halted_at = now()")
        found = (await api.call("GET", "/attention", role="supervisor")).json()["items"]
    assert [(row["kind"], row["count"]) for row in found] == [("halted_channels", 1), ("proposed_templates", 1)]


@pytest.mark.req("P.12")
async def test_a_halted_channel_is_raised_once_and_cleared_when_it_is_resumed(notifications_db: Database) -> None:
    await channel(notifications_db)
    for halted_at in (NOW, NOW, None):
        await notifications_db.pool.execute(HALT, halted_at)
        await look(notifications_db, KINDS, SAY, NOW)
    sent = await notifications_db.pool.fetch("SELECT key, type, body FROM outbox ORDER BY id")
    assert [(row["key"], row["type"]) for row in sent] == [
        (f"desk:{DESK}", NotificationsAttentionRaised.event_type),
        (f"desk:{DESK}", NotificationsAttentionCleared.event_type),
    ]
    raised = NotificationsAttentionRaised.model_validate_json(sent[0]["body"])
    assert (raised.kind, raised.ref, raised.due_at) == ("halted_channels", "main", NOW + timedelta(minutes=15))
