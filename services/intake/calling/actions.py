"""The check before a call: whether its customer may be called at all, and once more today (P.14)."""

from datetime import datetime
from uuid import UUID

from libs.common.domain.zones import zone_of_phone
from libs.common.platform.db import Transaction
from services.intake.calling import store
from services.intake.calling.rules import day_of
from services.intake.consents.rules import LISTED, stops_calls
from services.intake.consents.store import lock_whole
from services.intake.customers.store import locked
from services.intake.errors import CallsExhaustedError, DoNotCallError

WITHDRAWN = "consent_withdrawn"


async def refuse_call(
    tx: Transaction, desk: str, lead_id: UUID | None, number: str, desk_zone: str, now: datetime
) -> None:
    """Raise DoNotCallError, CallsExhaustedError when the call must not be started.

    The customer stays locked until the call is written: a withdrawal at the same moment waits and stops it, and
    of two calls the second one counts the first.
    """
    whom = await store.called(tx, desk, lead_id, number)
    if whom is None:
        return
    customer_id = await lock_whole(tx, whom.customer_id)
    customer = await locked(tx, customer_id)
    if customer is None:
        return
    barred = customer["barred"] or ()
    if stops_calls(barred):
        raise DoNotCallError(LISTED if LISTED in barred else WITHDRAWN)
    most = (await store.calling_of(tx.conn, desk)).calls_a_day
    zone = whom.zone or customer["zone"] or zone_of_phone(number) or desk_zone
    day = day_of(now, zone)
    if most is not None and await store.calls_in(tx, customer_id, day, desk) >= most:
        raise CallsExhaustedError(day.ends)
