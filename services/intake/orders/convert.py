"""Rows of orders → events."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

import asyncpg

from libs.common.contracts import Cause, Outgoing
from libs.common.contracts.intake import OrderChanged, Totals
from libs.common.contracts.shared import OrderStatus
from libs.common.domain.money import Money
from services.intake.orders.rules import filled_of, goods_of


def changed_event(
    row: asyncpg.Record, before: OrderStatus, now: datetime, cause: Cause, request_id: UUID | None = None
) -> Outgoing:
    """Return `order.changed` as it is published."""
    data = order_changed(row, before, request_id)
    return Outgoing(f"lead:{row['lead_id']}", row["desk"], now, data, cause)


def order_changed(row: asyncpg.Record, before: OrderStatus, request_id: UUID | None) -> OrderChanged:
    """Return `order.changed` of an order as it is now; the SQL of deliveries writes the same (docs/adr/0005)."""
    amount, paid = _money(row, row["amount"]), _money(row, row["paid"])
    return OrderChanged(
        lead_id=row["lead_id"],
        customer_id=row["customer_id"],
        order_id=row["id"],
        order_number=str(row["order_number"]),
        external_id=row["external_id"],
        from_status=before,
        to_status=OrderStatus(row["status"]),
        amount=amount,
        paid=paid,
        payment_link=row["payment_link"],
        version=row["version"],
        filled=filled_of(dict(row), row["items"]),
        totals=Totals(goods=_money(row, _goods(row)), total=amount, paid=paid),
        held_until=row["held_until"],
        request_id=request_id,
    )


def _goods(row: asyncpg.Record) -> Decimal | None:
    prices = [(item["price"] and Decimal(item["price"]["amount"]), item["quantity"]) for item in row["items"]]
    return goods_of(prices)


def _money(row: asyncpg.Record, amount: Decimal | None) -> Money | None:
    return None if amount is None else Money(amount=amount, currency=row["currency"])
