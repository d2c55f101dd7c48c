"""Use cases: a list of payments is imported and matched; a person says which order each is of, or none."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from libs.common.contracts import Cause
from libs.common.platform.db import Transaction
from libs.common.platform.http.problems import Fault
from libs.common.platform.versions import StaleVersionError
from services.intake.appointments.store import actor_of
from services.intake.changes.rules import Refused
from services.intake.context import Context
from services.intake.errors import (
    AlreadyPaidError,
    NotFoundError,
    PaymentDecidedError,
    PaymentsRefusedError,
)
from services.intake.payment_imports import store
from services.intake.payment_imports.convert import payments_of, read_table
from services.intake.payment_imports.rules import WAITING, MatchState, judge
from services.intake.payment_imports.schemas import ImportedPaymentIn, PaymentsImported, PaymentsIn
from services.intake.payments.actions import By, error_of, record_payment
from services.intake.payments.rules import Entry

IMPORTED = "imported"  # how such a payment was made, as far as we know
ZONE = "SELECT zone FROM source WHERE desk = $1 AND active ORDER BY format = 'getcourse' DESC, created_at LIMIT 1"


async def import_payments(ctx: Context, asked: PaymentsIn, actor: str) -> PaymentsImported:
    """Import a list; a payment that came before is judged anew unless a person has decided on it.

    Raises PaymentsRefusedError with every fault of a table; then nothing is imported.
    """
    now = ctx.core.clock.now()
    async with ctx.core.db.begin() as tx:
        zone = ZoneInfo(await tx.conn.fetchval(ZONE, asked.desk) or "UTC")
        payments = payments_of(_rows(asked, zone))
        before = await store.known(tx, asked.desk, payments)
        open_ = [each for each in payments if before.get(each.key, MatchState.UNMATCHED) in WAITING]
        midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
        orders = await store.candidates(tx, asked.desk, open_, midnight)
        judged = judge(open_, orders, await store.taken(tx, asked.desk, open_, orders))
        await store.write(tx, asked.desk, open_, judged, actor, now)
        await tx.commit()
    counts = Counter(said.state for said in judged.values())
    return PaymentsImported(
        proposed=counts[MatchState.PROPOSED],
        ambiguous=counts[MatchState.AMBIGUOUS],
        unmatched=counts[MatchState.UNMATCHED],
        known=len(payments) - len(open_),
    )


async def confirm_payment(ctx: Context, payment_id: UUID, seen: int, order_id: UUID | None, actor: str) -> None:
    """A person says which order a payment is of: the one that is proposed, or any other of the desk.

    Raises NotFoundError, StaleVersionError, PaymentDecidedError, PaymentsRefusedError (the order is not known),
    AlreadyPaidError, PaymentRefusedError.
    """
    now = ctx.core.clock.now()
    async with ctx.core.db.begin() as tx:
        payment = await _open(tx, payment_id, seen)
        wanted = order_id or payment["order_id"]
        order = None if wanted is None else await tx.conn.fetchrow(store.ORDER, wanted, payment["desk"])
        if order is None:
            raise PaymentsRefusedError.of("/order_id", "no_order")
        await record_imported_payment(tx, payment, order, actor, now)
        await tx.commit()


async def reject_payment(ctx: Context, payment_id: UUID, seen: int, actor: str) -> None:
    """A person says that a payment is of none of our orders.

    Raises NotFoundError, StaleVersionError, PaymentDecidedError.
    """
    async with ctx.core.db.begin() as tx:
        payment = await _open(tx, payment_id, seen)
        await store.decide(tx, payment["id"], MatchState.REJECTED, None, actor, ctx.core.clock.now())
        await tx.commit()


async def record_imported_payment(
    tx: Transaction, payment: asyncpg.Record, order: asyncpg.Record, actor: str, now: datetime
) -> None:
    """Record the payment of an order that a person has found for it: the order is completed once it is fully paid.

    Raises AlreadyPaidError, also when the payment is on record for another order, and PaymentRefusedError.
    """
    desk, cause = payment["desk"], Cause.fresh()
    zone = ZoneInfo(await tx.conn.fetchval(ZONE, desk) or "UTC")
    entry = Entry(
        IMPORTED, payment["amount"], payment["currency"],
        min(now, datetime.combine(payment["paid_on"], time(), zone)), payment["external_id"] or payment["key"],
    )  # fmt: skip
    by = By(await actor_of(tx, actor, desk), "imported payment", cause, cause.correlation_id)
    recorded = await record_payment(tx, order["id"], desk, entry, by, now)
    if isinstance(recorded, Refused):
        raise error_of(recorded, dict.fromkeys(("amount", "currency", "type"), "order_id"))  # all that was sent
    if recorded["order_id"] != order["id"]:
        raise AlreadyPaidError
    await store.decide(tx, payment["id"], MatchState.CONFIRMED, order, actor, now)


async def _open(tx: Transaction, payment_id: UUID, seen: int) -> asyncpg.Record:
    """Lock and return a payment as the caller saw it, which is not decided on."""
    row = await tx.conn.fetchrow(store.PAYMENT, payment_id)
    if row is None:
        raise NotFoundError
    if row["version"] != seen:
        raise StaleVersionError
    if MatchState(row["state"]) not in WAITING:
        raise PaymentDecidedError(row["state"])
    return row


def _rows(asked: PaymentsIn, zone: ZoneInfo) -> Sequence[ImportedPaymentIn]:
    if asked.csv is None:
        return asked.rows or ()
    read = read_table(asked.csv, asked.currency, zone)
    faults = [each for each in read if isinstance(each, Fault)]
    if faults:
        raise PaymentsRefusedError(faults)
    return [each for each in read if isinstance(each, ImportedPaymentIn)]
