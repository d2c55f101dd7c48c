"""Received messages over the wire."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from libs.common.contracts.shared import Direction, Identity, MessageContent
from services.notifications.media.schemas import MessageFile


class MediaReference(BaseModel):
    """A file as its provider names it: by address, or by an id that the provider's API takes."""

    url: str | None = None
    id: str | None = None
    type: str | None = None
    mime_type: str | None = None
    filename: str | None = None


class ReceivedMessage(BaseModel):
    """A message that a customer wrote (`in`), or that was written to them in the provider's own app (`out`).

    `known_by` is what the message shows of the customer, the address of the chat first. `customer_id` is null until
    intake has said whose it is, and when it shows no customer; `lead_id` while they have no live lead and no source
    opens one for the channel. `at` is the message's own time. `stop`: it is one of the channel's stop words and no
    more, so that its address takes no advertisements.
    """

    id: UUID
    desk: str
    channel_id: UUID
    channel: str
    channel_code: str
    provider: str
    direction: Direction
    known_by: list[Identity]
    name: str | None
    content: MessageContent
    text: str | None
    button: str | None
    media: MediaReference | None
    files: list[MessageFile]
    reply_to: str | None
    stop: bool
    at: datetime
    received_at: datetime
    customer_id: UUID | None
    lead_id: UUID | None
