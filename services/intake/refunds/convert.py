"""Rows of refunds → events. No person and no payout details among them."""

from datetime import datetime
from uuid import UUID

import asyncpg

from libs.common.contracts import Cause, Outgoing
from libs.common.contracts.payments import RefundChanged
from libs.common.contracts.shared import RefundState
from libs.common.domain.money import Money


def changed_event(
    row: asyncpg.Record, order: asyncpg.Record, now: datetime, cause: Cause, request_id: UUID | None
) -> Outgoing:
    """Return `refund.changed` of a refund as it is after the step."""
    amount = row["amount"]
    data = RefundChanged(
        refund_id=row["id"],
        lead_id=row["lead_id"],
        customer_id=row["customer_id"],
        order_id=row["order_id"],
        order_number=str(order["order_number"]),
        version=row["version"],
        state=RefundState(row["state"]),
        amount=None if amount is None else Money(amount=amount, currency=row["currency"]),
        due_on=row["due_on"],
        kept_by=row["kept_by"],
        request_id=request_id,
    )
    return Outgoing(f"lead:{order['lead_id']}", order["desk"], now, data, cause)
