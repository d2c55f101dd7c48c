"""Events that intake owns of money and of access to what was bought (S4.9, S4.14, S4.20). The key is `lead:<id>`.

None has a person's data: payout details, names and addresses of a refund stay with intake.
"""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from libs.common.contracts.intake import IntakeEvent
from libs.common.contracts.shared import (
    AccessAction,
    AccessStatus,
    PaymentKind,
    PaymentStatus,
    RefundState,
)
from libs.common.domain.money import Money


class PaymentRecorded(IntakeEvent):
    """A payment of an order was recorded, or a manual one was deleted: its `status` says which.

    `received` is the sum of the order's payments that stand after it; `fully_paid`: the sum covers the order.
    `doubled`: a manual payment and an automatic one stand, and together they exceed what the order costs (S4.10).
    `request_id` names the `change.requested` that it answers.
    """

    event_type: ClassVar[str] = "dozvon.payment.recorded.v1"

    payment_id: UUID
    lead_id: UUID
    customer_id: UUID | None = None
    order_id: UUID
    order_number: str
    version: int
    kind: PaymentKind
    type: str | None = None
    status: PaymentStatus
    amount: Money
    received: Money
    fully_paid: bool
    doubled: bool
    at: datetime
    request_id: UUID | None = None


class RefundChanged(IntakeEvent):
    """A refund of an order was asked for, or went one step on (S4.14). An order has one under way at most.

    `due_on`: the last day on which it is to be paid, 14 working days of the desk after the details were given.
    `kept_by`: by what the customer was kept, in the desk's own code. `request_id` names the request it answers.
    """

    event_type: ClassVar[str] = "dozvon.refund.changed.v1"

    refund_id: UUID
    lead_id: UUID
    customer_id: UUID | None = None
    order_id: UUID
    order_number: str
    version: int
    state: RefundState
    amount: Money | None = None
    due_on: date | None = None
    kept_by: str | None = None
    request_id: UUID | None = None


class AccessChanged(IntakeEvent):
    """Access to what was bought is to be closed, or its password reset and sent again; or that is done (S4.20).

    `refund_id`: the refund whose confirmation closes it. `request_id` names the request that it answers.
    """

    event_type: ClassVar[str] = "dozvon.access.changed.v1"

    access_id: UUID
    lead_id: UUID
    customer_id: UUID | None = None
    order_id: UUID
    order_number: str
    version: int
    action: AccessAction
    status: AccessStatus
    refund_id: UUID | None = None
    request_id: UUID | None = None


EVENTS = (PaymentRecorded, RefundChanged, AccessChanged)
