"""What the API of notifications serves."""

from libs.common.platform.erasure.retention_api import retention_router
from libs.common.platform.http.assembly import Api
from libs.common.platform.http.stream_tickets import stream_tickets_router
from services.notifications.addresses.api import router as addresses
from services.notifications.attention import KINDS
from services.notifications.autopilot.api import router as delivery_rates
from services.notifications.bulk.api import router as bulk
from services.notifications.channels.api import router as channels
from services.notifications.configuration.api import router as configuration
from services.notifications.conversations.api import router as conversations
from services.notifications.erasures.api import router as erasures
from services.notifications.erasures.schemas import NotificationsRetention
from services.notifications.feed.api import router as feed
from services.notifications.media.api import router as media
from services.notifications.media.api import routes as files
from services.notifications.messages.api import router as messages
from services.notifications.pushes.api import router as pushes
from services.notifications.received.api import router as received
from services.notifications.rehearsals.api import router as rehearsals
from services.notifications.templates.api import router as templates
from services.notifications.unsubscribes.api import routes as unsubscribes
from services.notifications.webhooks.api import routes as webhooks

API = Api(
    routers=(
        templates,
        channels,
        configuration,
        messages,
        bulk,
        rehearsals,
        received,
        conversations,
        media,
        addresses,
        delivery_rates,
        erasures,
        retention_router("notifications", NotificationsRetention),
        feed,
        pushes,
        stream_tickets_router("notifications"),
    ),
    routes=[*webhooks, *files, *unsubscribes],
    attention=KINDS,
)
