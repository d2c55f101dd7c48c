"""Customers on the wire."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from libs.common.contracts.shared import IdentityKind
from services.intake.orders.schemas import OrderView


class IdentityView(BaseModel):
    """An identity by which a customer is recognised."""

    kind: IdentityKind
    value: str


class CustomerItem(BaseModel):
    """A customer of one desk, in a list."""

    id: UUID
    desk: str
    name: str | None
    created_at: datetime
    identities: list[IdentityView]
    version: int


class CustomerView(CustomerItem):
    """A customer of one desk, with all their orders (S1.11)."""

    orders: list[OrderView]
