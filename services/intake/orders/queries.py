"""Reads of orders within the caller's desks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, and_, exists, literal, select, true, union_all

from libs.common.contracts.shared import OrderStatus
from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from libs.common.platform.db.conditions import any_of
from libs.common.platform.http.pagination import Page, PageQuery, paginate
from services.intake.customers.tables import customer
from services.intake.errors import NotFoundError
from services.intake.leads.tables import lead
from services.intake.orders.schemas import OrderView
from services.intake.orders.tables import sales_order
from services.intake.scope import between, equal, of_whole, own_or_free, visible, whole
from services.intake.sources.tables import source

_MAX_NUMBER = 2**63
_SIGNS = "#№ "


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """The filter of the list; None means all. `number`: ours, or the source's own number or id."""

    desk: str | None = None
    status: Sequence[OrderStatus] | None = None
    lead_id: UUID | None = None
    customer_id: UUID | None = None
    source_id: UUID | None = None
    number: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    ids: Sequence[UUID] | None = None

    def condition(self) -> ColumnElement[bool]:
        return and_(
            equal(sales_order.c.desk, self.desk),
            true() if self.status is None else sales_order.c.status.in_(self.status),
            of_whole(sales_order.c.lead_id, lead, self.lead_id),
            of_whole(sales_order.c.customer_id, customer, self.customer_id),
            equal(sales_order.c.source_id, self.source_id),
            true() if self.number is None else numbered(self.number),
            between(sales_order.c.created_at, self.created_from, self.created_to),
            true() if self.ids is None else sales_order.c.id.in_(self.ids),
        )


def numbered(number: str) -> ColumnElement[bool]:
    """Return the condition of the orders of a number, ours or the source's, or of the source's id.

    Each of the three is a look into an index of its own.
    """
    number = number.strip().lstrip(_SIGNS)
    spelled, orders = {number, number.upper(), number.lower()}, select(sales_order.c.id)
    ways = [
        orders.where(sales_order.c.external_number.in_(spelled)),
        orders.where(sales_order.c.source_id.in_(select(source.c.id)), sales_order.c.external_id.in_(spelled)),
    ]
    if number.isdecimal() and int(number) < _MAX_NUMBER:
        ways.append(orders.where(sales_order.c.order_number == int(number)))
    return sales_order.c.id.in_(union_all(*ways))


async def list_orders(db: Database, caller: Principal, wanted: OrderFilter, asked: PageQuery) -> Page[OrderView]:
    """Return orders, the newest first."""
    query = select(sales_order).where(visible(caller, sales_order.c.desk), _theirs(caller), wanted.condition())
    async with db.read() as conn:
        found = await paginate(conn, query, "-order_number", [sales_order.c.order_number], asked)
    return found.page(order_view)


def _theirs(caller: Principal) -> ColumnElement[bool]:
    """Return the condition of the orders of leads that an operator may see."""
    return exists().where(lead.c.id == sales_order.c.lead_id, own_or_free(caller, lead.c.owner_id))


async def get_order(db: Database, caller: Principal, order_id: UUID) -> OrderView:
    """Return one order. Raises NotFoundError, also when the caller may not see its lead."""
    found = await _orders(db, caller, and_(sales_order.c.id == order_id, _theirs(caller)))
    if not found:
        raise NotFoundError
    return found[0]


def of_lead(lead_id: UUID) -> ColumnElement[bool]:
    """Return the condition of the orders of a lead and of those that were merged into it."""
    return any_of(sales_order.c.lead_id, whole(lead, literal(lead_id)))


async def orders_of_lead(db: Database, caller: Principal, lead_id: UUID) -> Sequence[OrderView]:
    """Return the orders of a lead and of those that were merged into it."""
    return await _orders(db, caller, of_lead(lead_id))


async def orders_of_customer(db: Database, caller: Principal, customer_id: UUID) -> Sequence[OrderView]:
    """Return all orders of a customer, the oldest first (S1.11)."""
    return await _orders(db, caller, of_whole(sales_order.c.customer_id, customer, customer_id))


async def _orders(db: Database, caller: Principal, wanted: ColumnElement[bool]) -> list[OrderView]:
    query = select(sales_order).where(wanted, visible(caller, sales_order.c.desk))
    async with db.read() as conn:
        found = await conn.execute(query.order_by(sales_order.c.order_number).limit(200))
        return [order_view(row) for row in found.mappings()]


def order_view(row: RowMapping) -> OrderView:
    members = dict(row)
    for name in ("amount", "paid"):
        if members[name] is not None:
            members[name] = {"amount": members[name], "currency": members["currency"]}
    placed = members["placed_state"]
    members["placement"] = None if placed is None else {"state": placed, "code": members["placed_code"]}
    return OrderView.model_validate({**members, "order_number": str(members["order_number"])})
