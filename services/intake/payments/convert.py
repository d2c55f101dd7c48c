"""Rows of payments → values of the rules, events, lines of a lead's history."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import asyncpg

from libs.common.contracts import Cause, Outgoing
from libs.common.contracts.payments import PaymentRecorded
from libs.common.contracts.shared import OrderStatus, PaymentKind, PaymentStatus
from libs.common.domain.money import Money
from services.intake.payments.rules import Balance, Paid, Standing, balance_of


def paid_of(row: asyncpg.Record) -> Paid:
    """Return a stored payment."""
    return Paid(PaymentKind(row["kind"]), PaymentStatus(row["status"]), row["amount"], row["told"])


def balance(order: asyncpg.Record, payments: Iterable[asyncpg.Record]) -> Balance:
    """Return what the payments of an order amount to."""
    return balance_of(order["amount"], map(paid_of, payments))


def standing_of(order: asyncpg.Record) -> Standing:
    """Return an order's status, and the one it had before payments changed it."""
    unpaid = order["unpaid_status"]
    return Standing(OrderStatus(order["status"]), None if unpaid is None else OrderStatus(unpaid))


def recorded_event(
    row: asyncpg.Record,
    order: asyncpg.Record,
    after: Balance,
    now: datetime,
    cause: Cause,
    request_id: UUID | None = None,
) -> Outgoing:
    """Return `payment.recorded` of a payment as it is now."""
    data = PaymentRecorded(
        payment_id=row["id"],
        lead_id=row["lead_id"],
        customer_id=row["customer_id"],
        order_id=row["order_id"],
        order_number=str(order["order_number"]),
        version=row["version"],
        kind=PaymentKind(row["kind"]),
        type=row["type"],
        status=PaymentStatus(row["status"]),
        amount=Money(amount=row["amount"], currency=row["currency"]),
        received=Money(amount=after.received, currency=order["currency"]),
        fully_paid=after.fully_paid,
        doubled=after.doubled,
        at=row["paid_at"],
        request_id=request_id,
    )
    return Outgoing(f"lead:{order['lead_id']}", order["desk"], now, data, cause)


def shown(row: asyncpg.Record) -> str:
    """Return a payment for people: `manual received 990.00 RUB, bank card`."""
    sum_ = f"{row['kind']} {row['status']} {row['amount']} {row['currency']}"
    return sum_ if row["type"] is None else f"{sum_}, {row['type']}"
