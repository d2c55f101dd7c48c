"""The context of notifications' use cases: core, settings, provider clients, live feeds."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from libs.common.platform.core import Core
from services.notifications.delivery.wazzup import Wazzup
from services.notifications.feed.hub import FeedHub
from services.notifications.settings import NotificationsSettings

CONNECTIONS = 256  # to providers at once, over all channels


@dataclass(frozen=True)
class Context:
    """The objects that one process shares among its use cases and loops."""

    core: Core
    settings: NotificationsSettings
    wazzup: Wazzup
    hub: FeedHub
    due: asyncio.Event = field(
        default_factory=asyncio.Event
    )  # set when this process has new due messages: wakes the sender


@asynccontextmanager
async def open_context(core: Core, settings: NotificationsSettings) -> AsyncIterator[Context]:
    """Open provider clients and the hub of live feeds; close them after the block."""
    wazzup = Wazzup(str(settings.wazzup_url), settings.send_timeout, CONNECTIONS)
    hub = FeedHub(core.db)
    try:
        yield Context(core, settings, wazzup, hub)
    finally:
        await hub.close()
        await wazzup.close()
