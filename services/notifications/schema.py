"""Every table of the service in one metadata: what migrations and the drift test look at."""

from services.notifications.channels import tables as channels
from services.notifications.feed import tables as feed
from services.notifications.hooks import tables as hooks
from services.notifications.messages import tables as messages
from services.notifications.metadata import metadata
from services.notifications.templates import tables as templates

__all__ = ["channels", "feed", "hooks", "messages", "metadata", "templates"]
