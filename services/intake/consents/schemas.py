"""Consents, withdrawals and the black list on the wire."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from libs.common.contracts.shared import ContactKind, IdentityKind, Purpose
from libs.common.domain.code import Code
from libs.common.platform.http.wire import Moment, Wire, WrongValueError
from services.intake.consents.rules import ConsentKind, ConsentStep, Withdrawn
from services.intake.customers.schemas import NewIdentity, Why
from services.intake.sources.schemas import Named, Purposes

EXAMPLE: dict[str, JsonValue] = {
    "kind": "form",
    "document": "privacy",
    "document_version": "3",
    "purposes": ["calls", "transactional"],
    "reason": "подписал на приёме",
}


class ConsentIn(Wire):
    """A ground by which the customer may be contacted; it opens again what it names. A form's text is named."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    kind: ConsentKind
    document: Named | None = None
    document_version: Named | None = None
    source: Code | None = None
    delivery_id: UUID | None = None
    at: Annotated[Moment | None, Field(description="when they consented; without it, now")] = None
    purposes: Purposes = tuple(sorted(Purpose))
    reason: Why

    @model_validator(mode="after")
    def _names_its_text(self) -> Self:
        if self.kind is ConsentKind.FORM and None in (self.document, self.document_version):
            raise WrongValueError(
                "form: нужны document и document_version текста",
                "form: document and document_version of its text are needed",
            )
        return self


class WithdrawalIn(Wire):
    """What the customer withdrew, and how they said so."""

    what: Withdrawn
    at: Annotated[Moment | None, Field(description="when they withdrew; without it, now")] = None
    reason: Why


class ConsentView(BaseModel):
    """A line of the history: a ground, or a withdrawal. `lead_id`: a form by which that lead came.

    The text is the one that the lead's source named at that time. `message_id`: the words by which they withdrew.
    """

    id: UUID
    what: ConsentStep
    kind: ConsentKind | None
    purposes: list[Purpose]
    at: datetime
    document: str | None
    document_version: str | None
    source: str | None
    lead_id: UUID | None
    delivery_id: UUID | None
    message_id: UUID | None
    actor: str
    reason: str
    recorded_at: datetime


class GroundView(BaseModel):
    """Why a customer could be contacted for a purpose at a moment. `ground` null: no ground is known.

    `withdrawn`: they had withdrawn it by then.
    """

    purpose: Purpose
    at: datetime
    lead_id: UUID | None
    ground: ConsentView | None
    withdrawn: ConsentView | None


class GroundedContact(BaseModel):
    """A call or a message to the customer, and why it was allowed. `ground` null: none is known.

    `withdrawn`: they had withdrawn it by then. `call_label` is what the lead's source said of its calls then.
    """

    id: UUID
    at: datetime
    kind: ContactKind
    purpose: Purpose
    lead_id: UUID | None
    source: str
    operator_id: UUID | None
    message_id: UUID | None
    call_label: str | None
    ground: ConsentView | None
    withdrawn: ConsentView | None


class BlackListIn(NewIdentity):
    """An identity that the desk neither calls nor writes to, and why. A phone in any spelling."""

    desk: Code


class BlackListEntry(BaseModel):
    """An identity on the black list of a desk; `lifted_at`: until when it was."""

    id: UUID
    desk: str
    kind: IdentityKind
    value: str
    reason: str
    actor: str
    at: datetime
    lifted_at: datetime | None
    lifted_by: str | None
    lifted_reason: str | None


class BlackListLift(Wire):
    """Why an identity is taken from the black list."""

    reason: Why
