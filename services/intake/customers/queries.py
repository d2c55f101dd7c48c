"""Reads of customers within the caller's desks."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from libs.common.platform.http.pagination import Page, PageQuery, paginate
from services.intake.customers.schemas import CustomerItem, CustomerView, IdentityView
from services.intake.customers.tables import customer, identity
from services.intake.errors import NotFoundError
from services.intake.leads.search import matching
from services.intake.leads.tables import lead
from services.intake.orders.queries import orders_of_customer
from services.intake.scope import between, equal, own_or_free, visible


@dataclass(frozen=True, slots=True)
class CustomerFilter:
    """The filter of the list; None means all. `q`: what finds one of their leads."""

    desk: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    q: str | None = None
    ids: Sequence[UUID] | None = None

    def condition(self) -> ColumnElement[bool]:
        return and_(
            equal(customer.c.desk, self.desk),
            between(customer.c.created_at, self.created_from, self.created_to),
            true() if self.ids is None else customer.c.id.in_(self.ids),
        )


async def list_customers(
    db: Database, caller: Principal, wanted: CustomerFilter, asked: PageQuery
) -> Page[CustomerItem]:
    """Return customers, the newest first."""
    theirs = exists().where(
        lead.c.customer_id == customer.c.id,
        own_or_free(caller, lead.c.owner_id),
        true() if wanted.q is None else matching(wanted.q),
    )
    query = select(customer).where(visible(caller, customer.c.desk), theirs, wanted.condition())
    async with db.read() as conn:
        found = await paginate(conn, query, "-id", [customer.c.id], asked)
        known = await _identities(conn, [row["id"] for row in found.rows])
    return found.page(lambda row: CustomerItem.model_validate({**row, "identities": known.get(row["id"], [])}))


async def _identities(conn: AsyncConnection, ids: Sequence[UUID]) -> Mapping[UUID, list[IdentityView]]:
    """Return the identities of customers in their order."""
    columns = identity.c.customer_id, identity.c.kind, identity.c.value
    query = select(*columns).where(identity.c.customer_id.in_(ids)).order_by(identity.c.kind, identity.c.value)
    found: dict[UUID, list[IdentityView]] = defaultdict(list)
    for whose, kind, value in await conn.execute(query):
        found[whose].append(IdentityView(kind=kind, value=value))
    return found


async def get_customer(db: Database, caller: Principal, customer_id: UUID) -> CustomerView:
    """Return one customer, all their orders with them (S1.11).

    Raises NotFoundError, also when the caller may see none of the customer's leads.
    """
    theirs = select(lead.c.id).where(lead.c.customer_id == customer.c.id, own_or_free(caller, lead.c.owner_id))
    query = select(customer).where(customer.c.id == customer_id, visible(caller, customer.c.desk), theirs.exists())
    async with db.read() as conn:
        row = (await conn.execute(query)).one_or_none()
        if row is None:
            raise NotFoundError
        known = await _identities(conn, [customer_id])
    orders = await orders_of_customer(db, caller, customer_id)
    return CustomerView(
        id=row.id,
        desk=row.desk,
        name=row.name,
        created_at=row.created_at,
        identities=known.get(customer_id, []),
        version=row.version,
        orders=[*orders],
    )
