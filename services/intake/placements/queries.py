"""Whether a caller may make orders, and for whom."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import or_, select

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from services.intake.customers.tables import customer
from services.intake.errors import OrderRefusedError
from services.intake.leads.queries import readable
from services.intake.leads.rules import FINAL
from services.intake.leads.tables import lead
from services.intake.orders.tables import sales_order
from services.intake.placements import store
from services.intake.placements.schemas import OrderIn
from services.intake.scope import is_active, of_whole, root_of

#: Orders of a lead are also those of leads that are it by now.
_PART = lead.alias()
_HAS_ORDER = (
    select(sales_order.c.id)
    .join(_PART, _PART.c.id == sales_order.c.lead_id)
    .where(or_(_PART.c.id == lead.c.id, _PART.c.merged_into == lead.c.id))
    .correlate(lead)
    .exists()
)
# The number is one that calls: the lead's own if its customer is known by it.
PERSON = f"""
SELECT coalesce(l.name, u.name) AS name, {store.EMAIL} AS email,
       (SELECT i.value FROM customer w JOIN customer_identity i ON i.customer_id = w.id AND i.kind = 'phone'
        WHERE w.id = coalesce(u.merged_into, u.id) OR w.merged_into = coalesce(u.merged_into, u.id)
        ORDER BY i.value IS DISTINCT FROM l.phone, i.value LIMIT 1) AS phone
FROM lead l JOIN customer u ON u.id = l.customer_id
WHERE l.id = $1 AND NOT EXISTS (SELECT FROM erased e WHERE e.id = l.customer_id)
"""  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True)
class Target:
    """What an order is of: a lead that is there, else a new one; of this customer, or of whomever its person is."""

    lead_id: UUID | None = None
    customer_id: UUID | None = None


async def may_work(db: Database, caller: Principal) -> bool:
    """Return whether a caller has work: an operator who was dismissed, or is not known, has none (P.6)."""
    if caller.sees_whole_desks:
        return True
    async with db.read() as conn:
        return bool((await conn.execute(select(is_active(caller)))).scalar())


async def target_of(db: Database, caller: Principal, asked: OrderIn) -> tuple[OrderIn, Target]:
    """Return what an order is of, and the order with what is known of its customer, if it opens a lead.

    Work on a lead is about one order, and its end is the lead's: a lead that is over, or has an order, gets none.
    Raises OrderRefusedError for a lead of another desk or customer, or that the caller may not see.
    """
    if asked.lead_id is None and asked.customer_id is None:
        return asked, Target()
    takes = ~(lead.c.stage.in_(FINAL) | _HAS_ORDER)
    theirs = select(lead.c.id, takes.label("takes"), root_of(customer, lead.c.customer_id).label("whose"))
    theirs = theirs.where(lead.c.desk == asked.desk, lead.c.merged_into.is_(None), readable(caller))
    newest = lead.c.created_at.desc(), lead.c.id.desc()
    theirs = theirs.order_by(takes.desc(), lead.c.stage.in_(FINAL), *newest).limit(1)
    if asked.lead_id is not None:
        theirs = theirs.where(lead.c.id == root_of(lead, asked.lead_id))
    async with db.read() as conn:
        whose = of_whole(lead.c.customer_id, customer, asked.customer_id)
        found = (await conn.execute(theirs.where(whose))).one_or_none()
        known = found is not None or (await conn.execute(theirs)).one_or_none() is not None
    if found is not None:
        return (asked, Target(found.id)) if found.takes else await _of_new_lead(db, asked, found.id, found.whose)
    if asked.lead_id is None:
        raise OrderRefusedError(("/customer_id", "no_lead"))
    raise OrderRefusedError(("/customer_id", "other_customer") if known else ("/lead_id", "no_lead"))


async def _of_new_lead(db: Database, asked: OrderIn, lead_id: UUID, whose: UUID) -> tuple[OrderIn, Target]:
    """Return an order that opens a lead, with what was not said of its customer.

    Raises OrderRefusedError for one who is forgotten.
    """
    person = await db.pool.fetchrow(PERSON, lead_id)
    if person is None:
        raise OrderRefusedError(("/customer_id" if asked.lead_id is None else "/lead_id", "no_lead"))
    said = {name: getattr(asked, name) or person[name] for name in ("name", "phone", "email")}
    return asked.model_copy(update=said), Target(customer_id=whose)
