"""Messages over the wire."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from services.notifications.messages.rules import State


class Attempt(BaseModel):
    """One try to send a message, with its idempotency key."""

    id: UUID
    number: int
    channel_id: UUID
    state: str
    tries: int
    provider_message_id: str | None
    code: str | None
    detail: str | None
    offered_at: datetime | None


class Message(BaseModel):
    """A message and its state; `code` says why it failed or is unknown.

    `parts`: the provider's own template with its values, for when free text is not allowed; `segments` of an SMS.
    """

    id: UUID
    desk: str
    lead_id: UUID | None
    task_id: UUID | None
    purpose: str
    template: str
    template_version: int | None
    language: str
    channel: str
    provider: str
    address: str | None
    text: str | None
    parts: dict[str, object] | None
    segments: int | None
    deadline: datetime | None
    state: State
    code: str | None
    detail: str | None
    requested_at: datetime
    changed_at: datetime


class MessageWithAttempts(Message):
    """One message with all its attempts."""

    attempts: list[Attempt]
