"""The context of notifications' use cases: core, settings, the transport to providers, live feeds."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property

from libs.common.connect.egress import Egress
from libs.common.connect.exchange import Answered, HttpRequest
from libs.common.connect.mail import Mail, MailTransport
from libs.common.connect.transport import Transport
from libs.common.platform.core import Core
from libs.common.platform.objects import Objects
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
    pushes: asyncio.Event = field(default_factory=asyncio.Event)  # the same of pushes

    @cached_property
    def adapters(self) -> Adapters:
        """The adapters of channels."""
        return Adapters(self.core.keys, self.settings.standins)

    @cached_property
    def mailer(self) -> MailTransport:
        """What hands mails over."""
        return MailTransport(Egress(self.settings.egress_allow), self.settings.send_timeout)

    async def carry(self, request: HttpRequest | Mail) -> Answered:
        """Call outside, each kind of request by its own transport."""
        return await (self.mailer.call(request) if isinstance(request, Mail) else self.transport.call(request))

    @cached_property
    def objects(self) -> Objects | None:
        """Where files of messages are kept."""
        return self.settings.objects

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
