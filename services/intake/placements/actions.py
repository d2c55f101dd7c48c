"""Use cases: a person makes an order, or asks for the payment link of one. The worker calls the school."""

import secrets
from datetime import datetime
from uuid import UUID

import asyncpg

from libs.common.platform.db import Transaction
from libs.common.platform.ids import uuid7
from services.intake.calls.rules import number_of
from services.intake.context import Context
from services.intake.deliveries.batch import ATTEMPTS, RACES, store_rows
from services.intake.deliveries.convert import Delivery, DeliveryRow, row_of
from services.intake.errors import NotFoundError, OrderRefusedError
from services.intake.formats.rules import ParsedItem, ParsedOrder, RawRequest
from services.intake.orders.schemas import PlacementState
from services.intake.placements import store
from services.intake.placements.adding import add_order, attach
from services.intake.placements.queries import Target
from services.intake.placements.rules import placing_of
from services.intake.placements.schemas import OrderIn
from services.intake.placements.store import Shown
from services.intake.sources.rules import Source

_ALPHABET, _LENGTH = "abcdefghijkmnpqrstuvwxyz23456789", 12


async def place_order(ctx: Context, asked: OrderIn, target: Target, actor: str, traceparent: str | None) -> UUID:
    """Make an order, and the command that makes it at the school; return its id.

    It is of the lead that it is for, else of a new one, with its customer. Raises OrderRefusedError: the source has
    no school's account, the number cannot be called, or the school would not know whose the order is.
    """
    now = ctx.core.clock.now()
    source, school = await _school(ctx, asked)
    row = _row(Delivery(uuid7(), source, now, _raw(asked), traceparent), asked, now)
    if target.lead_id is None:
        await _refuse_stranger(ctx, asked, row)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            async with ctx.core.db.begin() as tx:
                order_id, lead = await _made(tx, row, target, actor)
                await _command(
                    tx, order_id, source.id, lead, asked.desk, actor, traceparent, now, school["halted_code"]
                )
                await tx.commit()
        except RACES:  # another delivery of the same customer is being stored
            if attempt == ATTEMPTS:
                raise
        else:
            ctx.placing.set()
            return order_id
    raise AssertionError


async def ask_link(ctx: Context, order_id: UUID, actor: str, traceparent: str | None) -> None:
    """Ask the school for an order's payment link; the same makes anew what was refused or is in doubt.

    Raises NotFoundError, OrderRefusedError: no school has the order, or it lacks what a school asks for.
    """
    now = ctx.core.clock.now()
    async with ctx.core.db.begin() as tx:
        order = await tx.conn.fetchrow(store.ORDER, order_id)
        if order is None:
            raise NotFoundError
        school = await tx.conn.fetchrow(store.SCHOOL_OF, order["source_id"])
        if school is None or not school["active"]:
            raise OrderRefusedError(("", "no_school"))
        placing = placing_of(dict(order))
        if isinstance(placing, str):
            raise OrderRefusedError(("", placing))
        await _command(
            tx, order["id"], order["source_id"], order["lead_id"], order["desk"], actor, traceparent, now,
            school["halted_code"],
        )  # fmt: skip
        await tx.commit()
    ctx.placing.set()


async def _school(ctx: Context, asked: OrderIn) -> tuple[Source, asyncpg.Record]:
    """Return the source of an order and its school. Raises OrderRefusedError."""
    school = await ctx.core.db.pool.fetchrow(store.SCHOOL, asked.desk, asked.source)
    if school is None or school["id"] is None or not school["active"]:
        raise OrderRefusedError(("/source", "no_school"))
    known = await ctx.sources.get(school["source_key"])
    if known is None:
        raise OrderRefusedError(("/source", "no_school"))
    if asked.phone is not None and number_of(asked.phone, known.source.region) is None:
        raise OrderRefusedError(("/phone", "no_number"))
    return known.source, school


async def _refuse_stranger(ctx: Context, asked: OrderIn, row: DeliveryRow) -> None:
    """Raises OrderRefusedError for a new lead without a name, or without an e-mail that is known of its number."""
    problems = [] if asked.name is not None else [("/name", "missing")]
    if asked.email is None:
        pool, number = ctx.core.db.pool, row.phone_key
        if number is None or await pool.fetchval(store.EMAIL_OF_PHONE, asked.desk, number) is None:
            problems.append(("/email", "no_email"))
    if problems:
        raise OrderRefusedError(*problems)


async def _made(tx: Transaction, row: DeliveryRow, target: Target, actor: str) -> tuple[UUID, UUID]:
    """Store an order; return its id and its lead's. Raises OrderRefusedError."""
    if target.lead_id is not None:
        return await add_order(tx, row, target.lead_id, actor)
    if target.customer_id is not None:
        await attach(tx, row, target.customer_id, actor)
    [accepted] = await store_rows(tx.conn, [row])
    if accepted is None:
        raise LookupError(row.external_id)  # its number is of no other order
    return accepted.order_id, accepted.lead_id


async def _command(
    tx: Transaction, order_id: UUID, school_id: UUID, lead_id: UUID, desk: str, actor: str, traceparent: str | None,
    now: datetime, halted: str | None,
) -> None:  # fmt: skip
    command_id = uuid7()
    await tx.conn.execute(store.ADD, command_id, desk, school_id, order_id, lead_id, actor, traceparent, now)
    await store.show(tx, Shown(order_id, command_id, PlacementState.PENDING, halted), traceparent, now)


def _row(delivery: Delivery, asked: OrderIn, now: datetime) -> DeliveryRow:
    number = new_number()
    row = row_of(
        delivery,
        ParsedOrder(
            external_id=number,
            external_number=number,
            name=asked.name,
            phone=asked.phone,
            email=asked.email,
            currency=asked.currency,
            amount=asked.amount,
            items=(ParsedItem(asked.title, asked.offer_code, price=asked.amount),),
            placed_at=now,
        ),
        now,
    )
    if not isinstance(row, DeliveryRow):
        raise TypeError(row.reason)  # nothing that the wire lets through is too large
    return row


def new_number() -> str:
    """Return a number for an order that we make: no one else gives it, and it says nothing of the others."""
    return "dz-" + "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def _raw(asked: OrderIn) -> RawRequest:
    """Return what was asked for as a delivery keeps it."""
    headers = {"content-type": "application/json", "x-made-by": "person"}
    return RawRequest("POST", b"", headers, asked.model_dump_json().encode())
