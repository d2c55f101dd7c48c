"""What the API of notifications serves."""

from libs.common.platform.http.assembly import Api
from services.notifications.addresses.api import router as addresses
from services.notifications.channels.api import router as channels
from services.notifications.configuration.api import router as configuration
from services.notifications.feed.api import router as feed
from services.notifications.messages.api import router as messages
from services.notifications.templates.api import router as templates
from services.notifications.webhooks.api import routes as webhooks

API = Api(
    routers=(templates, channels, configuration, messages, addresses, feed),
    routes=webhooks,
)
