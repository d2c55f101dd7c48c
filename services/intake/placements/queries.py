"""Whether a caller may make orders, and for whom."""

from uuid import UUID

from sqlalchemy import select

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from services.intake.customers.tables import customer
from services.intake.errors import OrderRefusedError
from services.intake.leads.queries import readable
from services.intake.leads.rules import FINAL
from services.intake.leads.tables import lead
from services.intake.placements.schemas import OrderIn
from services.intake.scope import is_active, of_whole, root_of


async def may_work(db: Database, caller: Principal) -> bool:
    """Return whether a caller has work: an operator who was dismissed, or is not known, has none (P.6)."""
    if caller.sees_whole_desks:
        return True
    async with db.read() as conn:
        return bool((await conn.execute(select(is_active(caller)))).scalar())


async def lead_of(db: Database, caller: Principal, asked: OrderIn) -> UUID | None:
    """Return the lead that an order is for, as it is by now; None: a new one.

    Raises OrderRefusedError for one of another desk or customer, or that the caller may not see.
    """
    if asked.lead_id is None and asked.customer_id is None:
        return None
    theirs = select(lead.c.id).where(lead.c.desk == asked.desk, lead.c.merged_into.is_(None), readable(caller))
    theirs = theirs.order_by(lead.c.stage.in_(FINAL), lead.c.created_at.desc(), lead.c.id.desc()).limit(1)
    if asked.lead_id is not None:
        theirs = theirs.where(lead.c.id == root_of(lead, asked.lead_id))
    async with db.read() as conn:
        whose = of_whole(lead.c.customer_id, customer, asked.customer_id)
        found: UUID | None = (await conn.execute(theirs.where(whose))).scalar_one_or_none()
        known = found is not None or (await conn.execute(theirs)).scalar_one_or_none() is not None
    if found is not None:
        return found
    if asked.lead_id is None:
        raise OrderRefusedError(("/customer_id", "no_lead"))
    raise OrderRefusedError(("/customer_id", "other_customer") if known else ("/lead_id", "no_lead"))
