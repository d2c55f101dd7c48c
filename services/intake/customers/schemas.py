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


class CustomerView(BaseModel):
    """A customer of one desk, with all their orders (S1.11)."""

    id: UUID
    desk: str
    name: str | None
    created_at: datetime
    identities: list[IdentityView]
    version: int
    orders: list[OrderView]
