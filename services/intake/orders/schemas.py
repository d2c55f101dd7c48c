"""Orders on the wire."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel

from libs.common.contracts.intake import Item
from libs.common.contracts.shared import OrderStatus
from libs.common.domain.money import Money


class PlacementState(StrEnum):
    """How far an order has come that we make at its source; `unknown`: it may be there."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Placement(BaseModel):
    """An order that we make at its source (S4.8); `code`: why it is not there."""

    state: PlacementState
    code: str | None


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
    placement: Placement | None
    held_until: datetime | None
    placed_at: datetime | None
    created_at: datetime
    version: int
