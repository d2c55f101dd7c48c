"""Every table of the service in one metadata: for migrations and the drift test."""

from services.notifications.addresses import tables as addresses
from services.notifications.channels import tables as channels
from services.notifications.feed import tables as feed
from services.notifications.messages import tables as messages
from services.notifications.metadata import metadata
from services.notifications.templates import tables as templates
from services.notifications.webhooks import tables as webhooks
from services.notifications.withdrawals import tables as withdrawals

__all__ = ["addresses", "channels", "feed", "messages", "metadata", "templates", "webhooks", "withdrawals"]
