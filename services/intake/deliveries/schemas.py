"""Deliveries on the wire."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from services.intake.deliveries.rules import DeliveryKind, Disposition
from services.intake.formats.rules import Reason


class NoteView(BaseModel):
    """A note on a delivery for the person who looks at it."""

    field: str
    code: str
    detail: str


class FactView(BaseModel):
    """What became of one part of a delivery; one that was not taken is `quarantined`, with its reason."""

    kind: DeliveryKind | None
    disposition: Disposition
    lead_id: UUID | None
    order_id: UUID | None
    order_number: str | None
    reason: Reason | None


class DeliveryView(BaseModel):
    """A delivery and its result; lead and order are those of its first part that has them."""

    id: UUID
    desk: str
    source: str
    received_at: datetime
    kinds: list[DeliveryKind]
    disposition: Disposition
    reason: Reason | None
    notes: list[NoteView]
    lead_id: UUID | None
    order_id: UUID | None
    order_number: str | None
    facts: list[FactView]
    reruns: int
    rerun_at: datetime | None


class RawDelivery(DeliveryView):
    """A delivery as received; `body` is text when it is UTF-8, base64 otherwise. Secrets are masked."""

    method: str
    query: str
    headers: dict[str, str]
    body: str
    body_encoding: Literal["text", "base64"]
