"""Whose order it is: an identifier that a page made up may have been given to somebody else before."""

from typing import TypeAlias

import asyncpg

from services.intake.deliveries.convert import Admission, apart, sure, unnamed
from services.intake.deliveries.rules import Person, is_another

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

PERSON_OF_ORDER = """
SELECT l.name, l.phone, l.phone_raw, l.email FROM sales_order o JOIN lead l ON l.id = o.lead_id
WHERE o.source_id = $1 AND o.external_id = $2
"""
PERSON_OF_MESSAGE = """
SELECT l.name, l.phone, l.phone_raw, l.email FROM delivery d JOIN lead l ON l.id = d.lead_id
WHERE d.source_id = $1 AND d.webhook_id = $2
"""


async def judged(pool: Pool, admission: Admission) -> Admission:
    """Return the delivery as one of the known order, or as an order of its own when it is another person's."""
    row = await pool.fetchrow(PERSON_OF_ORDER, admission.delivery.source.id, admission.external_id)
    if row is None:
        return admission
    return apart(admission) if is_another(Person(**dict(row)), admission.person) else sure(admission)


async def own_message(pool: Pool, admission: Admission) -> Admission | None:
    """Return the delivery without its message's identifier when that was another person's, else None."""
    row = await pool.fetchrow(PERSON_OF_MESSAGE, admission.delivery.source.id, admission.webhook_id)
    another = row is not None and is_another(Person(**dict(row)), admission.person)
    return unnamed(admission) if another else None
