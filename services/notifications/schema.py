"""Every table of the service in one metadata: for migrations and the drift test."""

from services.notifications.addresses import tables as addresses
from services.notifications.autopilot import tables as autopilot
from services.notifications.bulk import tables as bulk
from services.notifications.channels import tables as channels
from services.notifications.consents import tables as consents
from services.notifications.conversations import tables as conversations
from services.notifications.erasures import tables as erasures
from services.notifications.feed import tables as feed
from services.notifications.leads import tables as leads
from services.notifications.masking import tables as masking
from services.notifications.media import tables as media
from services.notifications.merges import tables as merges
from services.notifications.messages import tables as messages
from services.notifications.metadata import metadata
from services.notifications.pushes import tables as pushes
from services.notifications.received import tables as received
from services.notifications.sending import tables as sending
from services.notifications.templates import tables as templates
from services.notifications.webhooks import tables as webhooks
from services.notifications.withdrawals import tables as withdrawals

__all__ = [
    "addresses",
    "autopilot",
    "bulk",
    "channels",
    "consents",
    "conversations",
    "erasures",
    "feed",
    "leads",
    "masking",
    "media",
    "merges",
    "messages",
    "metadata",
    "pushes",
    "received",
    "sending",
    "templates",
    "webhooks",
    "withdrawals",
]
