"""The parts of notifications, joined into one service."""

from pathlib import Path
from typing import TYPE_CHECKING

from libs.common.messaging.inbox.intervals import UNHURRIED
from libs.common.platform.service import Service
from services.notifications.channels.store import SealedChannels
from services.notifications.context import open_context
from services.notifications.delivery.worker import loops
from services.notifications.errors import ERRORS
from services.notifications.settings import NotificationsSettings
from services.notifications.subscriptions import TOPICS, subscriptions

if TYPE_CHECKING:
    from libs.common.platform.http.assembly import Api


def api() -> "Api":
    """Import and return what the HTTP process serves."""
    from services.notifications.routes import API

    return API


SERVICE = Service(
    name="notifications",
    title="Dozvon: notifications",
    settings=NotificationsSettings,
    context=open_context,
    migrations=Path(__file__).parent / "migrations",
    topics=TOPICS,
    subscriptions=subscriptions,
    loops=loops,
    consuming=UNHURRIED,
    api=api,
    errors=ERRORS,
    sealed=(SealedChannels(),),
)
