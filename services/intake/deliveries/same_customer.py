"""Whether a delivery belongs to the customer of the known order: an identifier made by a page may be used twice."""

from libs.common.contracts.shared import Signal
from services.intake.deliveries.convert import DeliveryRow, as_own_order, with_sure_id, without_message_id
from services.intake.deliveries.rules import Customer, is_another
from services.intake.deliveries.store import Runner

CUSTOMER_OF_ORDER = f"""
SELECT l.name, l.phone, l.phone_raw, l.email, NOT '{Signal.FALSE_NUMBER}' = ANY (l.signals) AS callable
FROM sales_order o JOIN lead l ON l.id = o.lead_id
WHERE o.source_id = $1 AND o.external_id = $2
"""  # noqa: S608 - made of constants alone
CUSTOMER_OF_MESSAGE = f"""
SELECT l.name, l.phone, l.phone_raw, l.email, NOT '{Signal.FALSE_NUMBER}' = ANY (l.signals) AS callable
FROM delivery d JOIN lead l ON l.id = d.lead_id
WHERE d.source_id = $1 AND d.webhook_id = $2
"""  # noqa: S608 - made of constants alone


async def check_order(db: Runner, row: DeliveryRow) -> DeliveryRow:
    """Return the row as one of the known order, or as an order of its own when the customer is another."""
    known = await db.fetchrow(CUSTOMER_OF_ORDER, row.delivery.source.id, row.external_id)
    if known is None:
        return row
    return as_own_order(row) if is_another(Customer(**dict(known)), row.customer) else with_sure_id(row)


async def check_message(db: Runner, row: DeliveryRow) -> DeliveryRow | None:
    """Return the row without its message's identifier when that was another customer's, else None."""
    known = await db.fetchrow(CUSTOMER_OF_MESSAGE, row.delivery.source.id, row.webhook_id)
    another = known is not None and is_another(Customer(**dict(known)), row.customer)
    return without_message_id(row) if another else None
