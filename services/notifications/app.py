"""The parts of notifications, joined into one service."""

from pathlib import Path
from typing import TYPE_CHECKING

from libs.common.contracts.attention import NotificationsAttentionCleared, NotificationsAttentionRaised
from libs.common.contracts.erasures import NotificationsScrubbed
from libs.common.messaging.inbox.intervals import UNHURRIED
from libs.common.platform.attention.watch import attention_loop, publish
from libs.common.platform.erasure.actions import Eraser
from libs.common.platform.erasure.retention import Keeper
from libs.common.platform.service import Service
from services.notifications.attention import KINDS
from services.notifications.channels import worker as channels
from services.notifications.channels.store import SealedChannels
from services.notifications.context import open_context
from services.notifications.delivery.worker import loops
from services.notifications.erasures.places import AGED, PLACES
from services.notifications.erasures.worker import forgetting_loop
from services.notifications.errors import ERRORS
from services.notifications.pushes.store import SealedBrowsers
from services.notifications.settings import NotificationsSettings
from services.notifications.subscriptions import TOPICS, subscriptions
from services.notifications.templates import worker as templates

if TYPE_CHECKING:
    from libs.common.platform.http.assembly import Api


def api() -> "Api":
    """Import and return what the HTTP process serves."""
    from services.notifications.routes import API

    return API


SAY = publish(NotificationsAttentionRaised, NotificationsAttentionCleared)

SERVICE = Service(
    name="notifications",
    title="Dozvon: notifications",
    settings=NotificationsSettings,
    context=open_context,
    migrations=Path(__file__).parent / "migrations",
    topics=TOPICS,
    subscriptions=subscriptions,
    loops=lambda ctx: (
        *loops(ctx),
        channels.announcing_loop(ctx),
        templates.announcing_loop(ctx),
        attention_loop(ctx.core, KINDS, SAY),
        *Eraser(ctx.core, PLACES, NotificationsScrubbed).loops(),
        Keeper(ctx.core, AGED).loop(),
        forgetting_loop(ctx.core),
    ),
    consuming=UNHURRIED,
    api=api,
    errors=ERRORS,
    audited=True,
    sealed=(SealedChannels(), SealedBrowsers()),
)
