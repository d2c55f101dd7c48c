"""Refunds on the wire."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from libs.common.contracts.shared import RefundState
from libs.common.domain.money import Money
from libs.common.domain.phone import read_phone
from libs.common.platform.http.wire import NOT_HIDDEN, Wire, WrongValueError
from services.intake.contacts.schemas import A_NUMBER, Email
from services.intake.payments.schemas import MoneyIn
from services.intake.refunds.rules import MAX_KEPT_BY, Details, Wish

Reason = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]


class RefundIn(Wire):
    """A refund to ask for. Without `amount`: what was paid; more than that is refused."""

    amount: MoneyIn | None = None
    reason: Reason | None = None

    def wish(self) -> Wish:
        """Return the step."""
        amount, currency = (self.amount.amount, self.amount.currency) if self.amount else (None, None)
        return Wish(RefundState.ASKED, None, amount, currency)


class RefundStep(Wire):
    """A step of a refund; details are given by a call of their own. `kept_by`: by what the customer was kept."""

    state: Literal[
        RefundState.KEPT, RefundState.DETAILS_WANTED, RefundState.CONFIRMED, RefundState.REFUSED, RefundState.PAID
    ]
    kept_by: Annotated[str | None, Field(min_length=1, max_length=MAX_KEPT_BY, pattern=r"\S")] = None
    reason: Reason | None = None

    @model_validator(mode="after")
    def _by_something(self) -> Self:
        if (self.kept_by is not None) != (self.state is RefundState.KEPT):
            raise WrongValueError("kept_by нужно для kept, и только для него", "kept_by belongs to kept")
        return self

    def wish(self) -> Wish:
        """Return the step."""
        return Wish(RefundState(self.state), self.kept_by)


class RefundDetails(Wire):
    """Whom to pay back and to where. `payout`: the number of a card or an account; it is kept sealed."""

    full_name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S"), NOT_HIDDEN]
    phone: Annotated[str, Field(min_length=1, max_length=64, pattern=r"\d"), A_NUMBER]
    email: Email
    payout: Annotated[str, Field(min_length=4, max_length=500, pattern=r"\S"), NOT_HIDDEN]
    reason: Reason | None = None

    def details(self) -> Details:
        """Return what is kept of it."""
        phone = read_phone(self.phone)
        return Details(self.full_name.strip(), phone.e164 or self.phone, self.email, self.payout.strip())


class RefundView(BaseModel):
    """A refund. Of payout details only the end is shown, as `***4242`; `due_on` is the last day to pay."""

    id: UUID
    desk: str
    lead_id: UUID
    customer_id: UUID
    order_id: UUID
    state: RefundState
    amount: Money | None
    package: str | None
    kept_by: str | None
    full_name: str | None
    phone: str | None
    email: str | None
    payout: str | None
    due_on: date | None
    asked_at: datetime
    asked_by: str
    updated_at: datetime
    version: int


class PayoutView(BaseModel):
    """Where to pay a refund, whole: for who pays it."""

    id: UUID
    desk: str
    lead_id: UUID
    customer_id: UUID
    payout: str
