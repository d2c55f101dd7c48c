"""Reads of orders within the caller's desks."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, select

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from services.intake.errors import NotFoundError
from services.intake.leads.tables import lead
from services.intake.orders.schemas import OrderView
from services.intake.orders.tables import sales_order
from services.intake.scope import own_or_free, visible


async def get_order(db: Database, caller: Principal, order_id: UUID) -> OrderView:
    """Return one order. Raises NotFoundError, also when the caller may not see its lead."""
    theirs = select(lead.c.id).where(lead.c.id == sales_order.c.lead_id, own_or_free(caller, lead.c.owner_id))
    found = await _orders(db, caller, and_(sales_order.c.id == order_id, theirs.exists()))
    if not found:
        raise NotFoundError
    return found[0]


async def orders_of_lead(db: Database, caller: Principal, lead_id: UUID) -> Sequence[OrderView]:
    return await _orders(db, caller, sales_order.c.lead_id == lead_id)


async def orders_of_customer(db: Database, caller: Principal, customer_id: UUID) -> Sequence[OrderView]:
    """Return all orders of a customer, the oldest first (S1.11)."""
    return await _orders(db, caller, sales_order.c.customer_id == customer_id)


async def _orders(db: Database, caller: Principal, wanted: ColumnElement[bool]) -> list[OrderView]:
    query = select(sales_order).where(wanted, visible(caller, sales_order.c.desk))
    async with db.read() as conn:
        return [_view(row) for row in await conn.execute(query.order_by(sales_order.c.order_number).limit(200))]


def _view(row: Row[tuple[object, ...]]) -> OrderView:
    members = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name
    for name in ("amount", "paid"):
        if members[name] is not None:
            members[name] = {"amount": members[name], "currency": members["currency"]}
    return OrderView.model_validate({**members, "order_number": str(members["order_number"])})
