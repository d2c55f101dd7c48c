"""A tried source on the wire."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from libs.common.contracts.intake import ContactRecorded, LeadReceivedV2
from services.intake.deliveries.rules import DeliveryKind, Disposition
from services.intake.deliveries.schemas import NoteView
from services.intake.doctor.schemas import Readout
from services.intake.formats.rules import Reason


class NewLead(LeadReceivedV2):
    """A lead as tasks gets it: the body of its rehearsal."""


class SaidContact(ContactRecorded):
    """A call or a message as tasks gets it."""


class TriedPart(BaseModel):
    """What became of one part of a request that had several."""

    kind: DeliveryKind | None
    disposition: Disposition
    lead_id: UUID | None
    order_number: str | None
    reason: Reason | None


class TriedSource(Readout):
    """What a request does at a source, or has done.

    `lead` and `contact` are the events that tasks gets: the body of its rehearsal. Of a rehearsal nothing is kept:
    ids and numbers of what is new are those of no other thing.
    """

    dry_run: bool
    desk: str
    source: str
    disposition: Disposition
    reason: Reason | None
    notes: list[NoteView]
    facts: list[TriedPart]
    delivery_id: Annotated[UUID | None, Field(description="of the delivery that was kept")]
    lead_id: Annotated[UUID | None, Field(description="of the lead that there is; null for one that is not kept")]
    customer_id: Annotated[UUID | None, Field(description="of a customer who was known before")]
    lead: Annotated[NewLead | None, Field(description="the lead as it is read; null when no lead begins")]
    contact: Annotated[SaidContact | None, Field(description="the call or message as it is read")]
