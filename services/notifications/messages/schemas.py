"""Messages over the wire."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from services.notifications.messages.rules import MessageState


class Attempt(BaseModel):
    """One try to send a message, with its idempotency key."""

    id: UUID
    number: int
    rung: int
    channel_id: UUID
    state: str
    tries: int
    provider_message_id: str | None
    code: str | None
    detail: str | None
    offered_at: datetime | None


class PassedRung(BaseModel):
    """A channel that a message was not or could not be sent by, and the provider's or our code for it."""

    number: int
    kind: str
    provider: str
    code: str


class Report(BaseModel):
    """What the provider said of a message, late reports included. `status` is its own word, `at` its own clock."""

    status: str
    progress: str | None
    code: str | None
    provider_message_id: str
    at: datetime
    received_at: datetime


class Message(BaseModel):
    """A message and its state; `code` says why it failed or is unknown.

    `rung` is the place of its channel in the playbook's list, `passed` are those that came before or were left out.
    `withdrawn_at`: when its playbook wanted it no more; what had left by then has reported all the same.
    `resent_at`: when `resent_by` had it sent again after it had failed without an approved template.
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
    rung: int
    passed: list[PassedRung]
    deadline: datetime | None
    state: MessageState
    code: str | None
    detail: str | None
    requested_at: datetime
    changed_at: datetime
    withdrawn_at: datetime | None
    resent_at: datetime | None
    resent_by: str | None


class MessageWithAttempts(Message):
    """One message with all its attempts, and all that was reported of them."""

    attempts: list[Attempt]
    reports: list[Report]
