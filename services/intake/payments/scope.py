"""Who acts on payments and refunds: a desk's supervisors, and its operators of the role `payments`."""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from services.intake.errors import NotFoundError, NotYoursError
from services.intake.leads.tables import lead
from services.intake.operators.tables import operator
from services.intake.orders.queries import order_view
from services.intake.orders.schemas import OrderView
from services.intake.orders.tables import sales_order
from services.intake.scope import own_or_free, visible

ROLE = "payments"  # of an operator, as assignment names it


def seen_by(caller: Principal, desk: ColumnElement[str], lead_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Return the condition of what a caller sees: what is of leads they may see, and all of a desk in that role."""
    theirs = exists().where(lead.c.id == lead_id, own_or_free(caller, lead.c.owner_id))
    return and_(visible(caller, desk), or_(theirs, _acts(caller)))


async def order_of(db: Database, caller: Principal, order_id: UUID) -> OrderView:
    """Return an order whose payments the caller sees. Raises NotFoundError."""
    seen = seen_by(caller, sales_order.c.desk, sales_order.c.lead_id)
    async with db.read() as conn:
        found = await conn.execute(select(sales_order).where(sales_order.c.id == order_id, seen))
        row = found.mappings().one_or_none()
    if row is None:
        raise NotFoundError
    return order_view(row)


async def require_payer(db: Database, caller: Principal) -> None:
    """Raises NotYoursError unless the caller acts on payments."""
    if caller.sees_whole_desks:
        return
    async with db.read() as conn:
        if not (await conn.execute(select(_acts(caller)))).scalar_one():
            raise NotYoursError


def _acts(caller: Principal) -> ColumnElement[bool]:
    return exists().where(operator.c.subject == caller.sub, operator.c.active, operator.c.roles.contains([ROLE]))
