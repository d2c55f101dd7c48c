"""Deliveries on the wire."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from libs.common.domain.code import Code
from libs.common.platform.http.wire import Moment, Wire
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


class RerunIn(Wire):
    """Which deliveries are read again, the oldest first; an absent member means all, of the quarantine."""

    disposition: Literal[Disposition.QUARANTINED, Disposition.ACCEPTED] = Disposition.QUARANTINED
    desk: Code | None = None
    source: Code | None = None
    reason: Reason | None = None
    received_from: Moment | None = None
    received_to: Annotated[Moment | None, Field(description="exclusive")] = None
    after: Annotated[UUID | None, Field(description="`next` of the answer before: go on behind it")] = None
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class RerunView(BaseModel):
    """What became of deliveries that were read again; `next` is absent when there are no more."""

    read: int
    by_disposition: dict[Disposition, int]
    next: UUID | None


class RawDelivery(DeliveryView):
    """A delivery as received; `body` is text when it is UTF-8, base64 otherwise. Secrets are masked."""

    method: str
    query: str
    headers: dict[str, str]
    body: str
    body_encoding: Literal["text", "base64"]
