"""Calls that we start, on the wire."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from libs.common.domain.code import Code
from libs.common.platform.http.wire import NOT_HIDDEN, Wire, WrongValueError
from services.intake.calls.rules import CallKind, CallState

Extension = Annotated[str, Field(pattern=r"^\d{1,12}$", description="of a telephone at the exchange")]


class CallIn(Wire):
    """A call to start (P.11): the telephone of `extension` rings, or that of who calls, then the customer's.

    The customer is that of a lead, or a number. `source` is the exchange. `operator_id`: who calls; without it the
    caller.
    """

    desk: Code
    source: Code
    lead_id: UUID | None = None
    phone: Annotated[str, Field(min_length=1, max_length=64), NOT_HIDDEN] | None = None
    extension: Extension | None = None
    operator_id: UUID | None = None

    @model_validator(mode="after")
    def _one_customer(self) -> Self:
        if (self.lead_id is None) == (self.phone is None):
            raise WrongValueError("нужно одно из двух: lead_id или phone", "either lead_id or phone")
        return self


class TransferIn(Wire):
    """The extension that takes the call over."""

    extension: Extension


class CallView(BaseModel):
    """A call as a command: `accepted` means that the exchange has it, `contact_id` that the call took place.

    `waiting`: its answer was lost, and events may still say what became of it; `unknown`: they did not.
    `call_label`: what it is to say of us, as the source of the lead said when the lead came; one that is
    passed on says nothing.
    """

    id: UUID
    desk: str
    source_id: UUID
    kind: CallKind
    of_id: UUID | None
    lead_id: UUID | None
    operator_id: UUID | None
    actor: str
    extension: str
    to_number: str
    call_label: str | None
    state: CallState
    code: str | None
    contact_id: UUID | None
    created_at: datetime
