"""Reads of customers within the caller's desks."""

from uuid import UUID

from sqlalchemy import select

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from services.intake.customers.schemas import CustomerView, IdentityView
from services.intake.customers.tables import customer, identity
from services.intake.errors import NotFoundError
from services.intake.leads.tables import lead
from services.intake.orders.queries import orders_of_customer
from services.intake.scope import own_or_free, visible


async def get_customer(db: Database, caller: Principal, customer_id: UUID) -> CustomerView:
    """Return one customer, all their orders with them (S1.11).

    Raises NotFoundError, also when the caller may see none of the customer's leads.
    """
    theirs = select(lead.c.id).where(lead.c.customer_id == customer.c.id, own_or_free(caller, lead.c.owner_id))
    query = select(customer).where(customer.c.id == customer_id, visible(caller, customer.c.desk), theirs.exists())
    known_by = select(identity.c.kind, identity.c.value).where(identity.c.customer_id == customer_id)
    async with db.read() as conn:
        row = (await conn.execute(query)).one_or_none()
        if row is None:
            raise NotFoundError
        found = await conn.execute(known_by.order_by(identity.c.kind, identity.c.value))
        identities = [IdentityView(kind=kind, value=value) for kind, value in found]
    orders = await orders_of_customer(db, caller, customer_id)
    return CustomerView(
        id=row.id,
        desk=row.desk,
        name=row.name,
        created_at=row.created_at,
        identities=identities,
        version=row.version,
        orders=[*orders],
    )
