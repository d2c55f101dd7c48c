"""The parts of notifications, joined into one service."""

from pathlib import Path

from libs.common.platform.service import Service
from services.notifications.addresses.api import router as addresses
from services.notifications.channels.api import router as channels
from services.notifications.channels.store import SealedChannels
from services.notifications.context import open_context
from services.notifications.delivery.worker import loops
from services.notifications.errors import ERRORS
from services.notifications.feed.api import router as feed
from services.notifications.messages.api import router as messages
from services.notifications.settings import NotificationsSettings
from services.notifications.subscriptions import TOPICS, subscriptions
from services.notifications.templates.api import router as templates
from services.notifications.webhooks.api import routes as webhooks

SERVICE = Service(
    name="notifications",
    title="Dozvon: notifications",
    settings=NotificationsSettings,
    context=open_context,
    migrations=Path(__file__).parent / "migrations",
    topics=TOPICS,
    subscriptions=subscriptions,
    loops=loops,
    routes=webhooks,
    routers=(templates, channels, messages, addresses, feed),
    errors=ERRORS,
    sealed=(SealedChannels(),),
)
