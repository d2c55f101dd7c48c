"""The context of notifications' use cases: core, settings, the transport to providers, live feeds."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property

from libs.common.connect.egress import Egress
from libs.common.connect.transport import Transport
from libs.common.platform.core import Core
from services.notifications.channels.cache import Adapters
from services.notifications.feed.hub import FeedHub
from services.notifications.settings import NotificationsSettings
from services.notifications.webhooks.batch import CallbackQueue

CONNECTIONS = 256  # to providers at once, over all channels


@dataclass(frozen=True)
class Context:
    """The objects that one process shares among its use cases and loops."""

    core: Core
    settings: NotificationsSettings
    transport: Transport
    hub: FeedHub
    due: asyncio.Event = field(
        default_factory=asyncio.Event
    )  # set when this process has new due messages: wakes the sender

    @cached_property
    def adapters(self) -> Adapters:
        """The adapters of channels."""
        return Adapters(self.core.keys, self.settings.standins)

    @cached_property
    def callbacks(self) -> CallbackQueue:
        """What stores callbacks."""
        return CallbackQueue(self.core.db)


@asynccontextmanager
async def open_context(core: Core, settings: NotificationsSettings) -> AsyncIterator[Context]:
    """Open the transport and the hub of live feeds; close them after the block."""
    transport = Transport(Egress(settings.egress_allow), settings.send_timeout, CONNECTIONS)
    hub = FeedHub(core.db)
    try:
        yield Context(core, settings, transport, hub)
    finally:
        await hub.close()
        await transport.close()
