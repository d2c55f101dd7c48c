"""Payments on the wire."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from libs.common.contracts.shared import PaymentKind, PaymentStatus
from libs.common.domain.money import Money
from libs.common.platform.http.wire import Moment, PositiveSum, Wire, Words
from services.intake.payment_reports.schemas import PaymentReport
from services.intake.payments.rules import MAX_TYPE, Entry


class MoneyIn(Wire):
    """A sum that a person enters, in the order's currency."""

    amount: PositiveSum
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]


class PaymentIn(Wire):
    """A payment that a person enters: it is received (S4.9). Without `amount`: what the order lacks.

    `order_version` is that of the order as it was seen: of two who enter the same payment at once one is refused.
    """

    order_version: Annotated[int, Field(ge=1)]
    type: Annotated[str, Field(min_length=1, max_length=MAX_TYPE, pattern=r"\S")]
    amount: MoneyIn | None = None
    paid_at: Moment | None = None
    reason: Annotated[str | None, Field(min_length=1, max_length=200, pattern=r"\S")] = None

    def entry(self) -> Entry:
        """Return the payment."""
        amount, currency = (self.amount.amount, self.amount.currency) if self.amount else (None, None)
        return Entry(self.type, amount, currency, self.paid_at)


class PaymentDeletion(Wire):
    """Why a manual payment is deleted, most often because the automatic one has come too (S4.10)."""

    reason: Words


class PaymentView(BaseModel):
    """A payment of an order; one that was deleted is still shown, with who deleted it and why."""

    id: UUID
    desk: str
    lead_id: UUID
    customer_id: UUID
    order_id: UUID
    kind: PaymentKind
    type: str | None
    status: PaymentStatus
    amount: Money
    paid_at: datetime
    recorded_at: datetime
    recorded_by: str
    deleted_at: datetime | None
    deleted_by: str | None
    deleted_reason: str | None
    report: PaymentReport | None
    version: int
