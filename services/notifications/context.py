"""What the use cases of notifications need beside the technical core."""

import asyncio
from dataclasses import dataclass, field

from libs.common.platform.core import Core
from services.notifications.feed.hub import FeedHub
from services.notifications.sending.wazzup import Wazzup
from services.notifications.settings import NotificationsSettings


@dataclass(frozen=True)
class Context:
    """One process's share: the core, the providers, the hub of live feeds and the sender's alarm."""

    core: Core
    settings: NotificationsSettings
    wazzup: Wazzup
    hub: FeedHub
    due: asyncio.Event = field(default_factory=asyncio.Event)  # set when messages of this process became due
