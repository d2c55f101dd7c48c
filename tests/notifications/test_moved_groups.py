"""A team's group of Telegram that has become a supergroup has another id: its channel follows it."""

from collections.abc import AsyncIterator

import pytest

from deploy.standins.bots import BotStandin
from deploy.standins.faults import Failure, Mode
from libs.common.platform.db import Database
from tests.notifications.gateways import Gateways, config, gateway, open_gateways
from tests.notifications.support import HOOK_KEY, channel, requested, worker
from tests.support.patience import eventually

CODE, OLD, NEW = "telegram", "-42", "-1000000000042"
MOVED = Failure(Mode.CODE, "migrated")
STANDING = "SELECT config->>'team_chat_id', provider_channel_id, halted_code FROM channel WHERE code = 'crew'"

pytestmark = pytest.mark.req("S4.14")


@pytest.fixture
async def desk(notifications_db: Database) -> AsyncIterator[Gateways]:
    """A desk with a team's group that has moved."""
    async with open_gateways(notifications_db, [CODE]) as opened:
        await crew(notifications_db, "crew", OLD)
        opened.gateways[CODE].dice.failures.append(MOVED)
        yield opened


async def crew(db: Database, code: str, chat: str) -> None:
    group = {**config(CODE, gateway(CODE).demo()), "team_chat_id": chat}
    await channel(db, code=code, config=group, hook_key=f"{HOOK_KEY}-{code}")


async def standing(desk: Gateways) -> tuple[str, str, str | None]:
    [row] = await desk.rows(STANDING)
    return row[0], row[1], row[2]


async def test_the_message_and_all_later_ones_go_to_the_new_group(desk: Gateways) -> None:
    bot = desk.gateways[CODE]
    assert isinstance(bot, BotStandin)
    async with worker(desk.context()):
        for _ in range(2):
            await desk.request(requested(channels=("team",), to_customer=False))
            await desk.until("accepted")
    assert [one.chat_id for one in bot.journal.entries.values()] == [NEW, NEW]
    assert await standing(desk) == (NEW, NEW, None)


async def test_a_group_that_another_channel_has_waits_for_a_person(desk: Gateways) -> None:
    await crew(desk.db, "other", NEW)
    await desk.rows("UPDATE channel SET halted_code = 'x', halted_at = now() WHERE code = 'other'")
    async with worker(desk.context()):
        await desk.request(requested(channels=("team",), to_customer=False))
        await eventually(lambda: standing(desk), lambda found: found[2] is not None)
    assert await standing(desk) == (OLD, OLD, f"migrated_to_{NEW}")
