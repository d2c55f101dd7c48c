"""An order of a lead that is there already: no new lead opens (S4.8)."""

from uuid import UUID

import asyncpg

from libs.common.contracts.shared import OrderStatus
from libs.common.platform.db import Transaction
from libs.common.platform.ids import uuid7
from services.intake.appointments.store import actor_of
from services.intake.deliveries.backfill import update_leads
from services.intake.deliveries.convert import DeliveryRow
from services.intake.deliveries.rules import DeliveryKind, Disposition
from services.intake.deliveries.store import SETTLE, UNDERSTOOD
from services.intake.errors import OrderRefusedError
from services.intake.payments.store import Line, log
from services.intake.placements import store

REASON = "made by hand"


async def add_order(tx: Transaction, row: DeliveryRow, lead_id: UUID, actor: str) -> tuple[UUID, UUID]:
    """Add an order to a lead, and to the lead what it lacks of its person; return both ids.

    Raises OrderRefusedError: the lead is no more, the school would not know whose the order is, or what is said of
    its person is of someone else.
    """
    source, order = row.delivery.source, row.order
    lead = await tx.conn.fetchrow(store.LEAD, lead_id, source.desk)
    if lead is None:
        raise OrderRefusedError(("/lead_id", "no_lead"))
    await _refuse_another(tx, lead, row)
    made = await tx.conn.fetchrow(
        store.ORDERED, uuid7(), lead_id, source.id, row.external_id, order.amount, order.currency, row.items,
        row.now,
    )  # fmt: skip
    if made is None:  # it has ended, or was given an order, since it was chosen
        raise OrderRefusedError(("/lead_id", "no_lead"))
    await update_leads(tx.conn, [(row, lead_id)])
    await _refuse_another(tx, lead, row)  # who became known by them meanwhile has them
    by = await actor_of(tx, actor, source.desk)
    await log(tx, made, Line("order_status", by, None, OrderStatus.NEW, REASON, row.delivery.id), row.now)
    await _keep(tx, row, lead_id, made["id"], made["order_number"])
    return made["id"], lead_id


async def _refuse_another(tx: Transaction, lead: asyncpg.Record, row: DeliveryRow) -> None:
    """Raises OrderRefusedError for an e-mail or a number that is not the customer's own, or without any e-mail."""
    email, phone, known = row.customer.email, row.phone_key, lead["email"]
    found = await tx.conn.fetch(store.KNOWN_BY, lead["id"], email, phone)
    own = {each["kind"]: each["own"] for each in found}
    problems = []
    if email is None and known is None:
        problems.append(("/email", "no_email"))
    elif email not in (None, known) and not own.get("email", known is None):
        problems.append(("/email", "of_another" if known is None else "other_email"))
    if phone != lead["phone"] and not own.get("phone", True):
        problems.append(("/phone", "of_another"))
    if problems:
        raise OrderRefusedError(*problems)


async def attach(tx: Transaction, row: DeliveryRow, customer_id: UUID, actor: str) -> None:
    """Let the number and the e-mail of an order lead to its customer.

    Raises OrderRefusedError for each that is of another customer.
    """
    desk = row.delivery.source.desk
    said = desk, customer_id, row.customer.email, row.phone_key
    by = await actor_of(tx, actor, desk)
    await tx.conn.execute(store.ATTACH, *said, row.now, by, row.delivery.id)
    if of_another := await tx.conn.fetch(store.OF_ANOTHER, *said):
        raise OrderRefusedError(*((f"/{each['kind']}", "of_another") for each in of_another))


async def _keep(tx: Transaction, row: DeliveryRow, lead_id: UUID, order_id: UUID, number: int) -> None:
    """Keep what was asked for as a delivery of the source, as that of a new lead is."""
    delivery = row.delivery
    await tx.conn.execute(
        UNDERSTOOD, delivery.id, delivery.source.desk, delivery.source.id, delivery.received_at,
        delivery.raw.method, row.query, row.headers, row.body, [DeliveryKind.ORDER.value], None,
    )  # fmt: skip
    await tx.conn.execute(
        SETTLE, delivery.id, Disposition.ACCEPTED.value, lead_id, order_id, number, row.notes, None
    )
