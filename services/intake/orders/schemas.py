"""Orders on the wire."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from libs.common.contracts.intake import Item
from libs.common.contracts.shared import OrderStatus
from libs.common.domain.money import Money


class OrderView(BaseModel):
    """Our mirror of one order."""

    id: UUID
    desk: str
    lead_id: UUID
    customer_id: UUID
    source_id: UUID
    external_id: str
    external_number: str | None
    order_number: str
    status: OrderStatus
    amount: Money | None
    paid: Money | None
    payment_link: str | None
    items: list[Item]
    remarks: str | None
    held_until: datetime | None
    placed_at: datetime | None
    created_at: datetime
    version: int
