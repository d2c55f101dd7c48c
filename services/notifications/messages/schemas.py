"""Messages over the wire."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from libs.common.contracts.shared import Text
from libs.common.domain.masking import masked
from libs.common.platform.http.wire import NOT_HIDDEN, Wire
from services.notifications.messages.rules import MessageState
from services.notifications.sending.convert import why_it_waits
from services.notifications.sending.rules import Basis, Night


class ResendMessage(Wire):
    """Where a message that failed is sent now: an e-mail, or a phone number; null: where it was to go."""

    to: Annotated[
        Annotated[str, Field(min_length=3, max_length=254), NOT_HIDDEN] | None, Field(examples=["anna@example.com"])
    ] = None


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


class MessageNight(BaseModel):
    """Quiet hours that a message keeps, by the customer's clock.

    `basis`: `zone`, in theirs; `candidates`, in each of these, for they may be in any; `no_common_hour`: these have
    no hour in common, so by the desk's, which is `zone`.
    """

    starts: str
    ends: str
    zone: str
    candidates: list[str] = []
    basis: Basis = Basis.ZONE


class Message(BaseModel):
    """A message and its state; `code` says why it failed or is unknown.

    `rung` is the place of its channel in the playbook's list, `passed` are those that came before or were left out.
    `withdrawn_at`: when `withdrawn_by` (none: its playbook) wanted it no more; what has left reports all the same.
    `author`: the `sub` of the person who wrote it, `operator_id` who that is of the operators; null: a playbook's.
    `resent_at`: when `resent_by` had it sent again after it had failed without an approved template.
    `held_until`: nothing is sent before, for `held_for` (`quiet_hours`: it is night where the customer is; `pace`:
    earlier ones to the address come first; else the provider's code); `waits` says it to people.
    `night`: the quiet hours that it keeps, also by a later attempt; null: it may be sent at any time.
    `parts`: the provider's own template with its values, for when free text is not allowed; `segments` of an SMS.
    """

    id: UUID
    desk: str
    lead_id: UUID | None
    customer_id: UUID | None
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
    held_until: datetime | None
    held_for: str | None
    waits: Text | None = None
    night: MessageNight | None
    marketing: bool
    withdrawn_by: str | None
    resent_at: datetime | None
    resent_by: str | None
    author: str | None
    operator_id: UUID | None

    @model_validator(mode="after")
    def _says_why(self) -> Self:
        night = None if self.night is None else Night.of(self.night.model_dump())
        self.waits = why_it_waits(self.held_for, self.held_until, night)
        return self


def of_message(row: Mapping[str, object]) -> dict[str, object]:
    """Return a message's row as it is shown to who asked for it; `hidden`: its address is masked."""
    address = row["address"]
    return {**row, "address": masked(address)} if row["hidden"] and isinstance(address, str) else {**row}


class MessageWithAttempts(Message):
    """One message with all its attempts, and all that was reported of them."""

    attempts: list[Attempt]
    reports: list[Report]
