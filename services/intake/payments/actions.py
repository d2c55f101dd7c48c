"""Use cases: a payment is recorded, deleted, or booked from what a source says (S4.9, S4.10, S4.19)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import asyncpg

from libs.common.contracts import Cause, Outgoing, Received
from libs.common.contracts.shared import PaymentKind, PaymentStatus
from libs.common.contracts.tasks import ChangeRequested
from libs.common.messaging.outbox import add
from libs.common.platform.db import Transaction
from libs.common.platform.versions import StaleVersionError
from services.intake.appointments.store import actor_of
from services.intake.changes.convert import refused
from services.intake.changes.rules import Code, Problem, Refused
from services.intake.context import Context
from services.intake.errors import (
    AlreadyPaidError,
    NotDeletableError,
    NotFoundError,
    OrderChangedError,
    PaymentRefusedError,
)
from services.intake.orders.convert import changed_event
from services.intake.payment_reports.store import ask as report
from services.intake.payments import store
from services.intake.payments.convert import balance, paid_of, recorded_event, shown, standing_of
from services.intake.payments.rules import Entry, Step, entry_problems, news_of, read_entry, standing_after

Request: TypeAlias = Received[ChangeRequested]

SOURCE = "source"
#: Where the body of a payment that is entered has its fields, other than under their names.
PLACES: Mapping[str, str] = {"currency": "amount/currency"}


@dataclass(frozen=True, slots=True)
class By:
    """Who acts on an order's payments, and why; `request_id` names the request that it answers."""

    actor: str
    reason: str
    cause: Cause
    cause_id: UUID
    request_id: UUID | None = None


async def record_payment(
    tx: Transaction, order_id: UUID, desk: str, entry: Entry, by: By, now: datetime, seen: int | None = None
) -> asyncpg.Record | Refused:
    """Record a payment that the order's source does not know, in the caller's transaction, and publish it.

    Return its row, or why it was not recorded: `not_found`, `stale_version` (`seen` is the order's version that the
    caller saw), `already_paid`, `invalid_values`. A payment whose `reference` is known is returned as it stands.
    The order is completed once it is fully paid, and part paid before; its school is informed of it.
    """
    order = await store.locked_order(tx, order_id, desk)
    if order is None:
        return Refused(Code.NOT_FOUND)
    if seen is not None and seen != order["version"]:
        return Refused(Code.STALE_VERSION, order["version"])
    if entry.reference is not None and (known := await store.by_reference(tx, desk, entry.reference)):
        return known
    before = balance(order, await store.of_order(tx, order_id))
    if problems := entry_problems(entry, order["currency"], before):
        return Refused(Code.INVALID_VALUES, order["version"], problems)
    amount = entry.amount or before.lacks
    if before.fully_paid or not amount:
        return Refused(Code.ALREADY_PAID, order["version"])
    row = await store.add(tx, order, entry, amount, by.actor, now)
    if row is None:  # another order's, recorded this moment
        return Refused(Code.ALREADY_PAID, order["version"])
    await report(tx, row["id"], by.cause.traceparent, now)
    await _follow(tx, order, row, by, now)
    return row


async def delete_payment(
    tx: Transaction, order: asyncpg.Record, payment_id: UUID, by: By, now: datetime
) -> asyncpg.Record | None:
    """Delete a manual payment of a locked order, and publish it; None: it is none that stands."""
    row = await store.delete(tx, payment_id, by.actor, by.reason, now)
    if row is not None:
        await _follow(tx, order, row, by, now)
    return row


async def answer_payment(tx: Transaction, event: Request, now: datetime) -> list[Outgoing]:
    """Record or delete the payment that tasks asks for, or say why not, in the caller's transaction."""
    data = event.data
    by = By(data.actor, data.reason, event.follow(), event.event_id, data.request_id)
    match data.values.get("step"):
        case Step.RECORD.value:
            entry, problems = read_entry(data.values)
            answer: asyncpg.Record | Refused
            if problems:
                answer = Refused(Code.INVALID_VALUES, data.expected_version, problems)
            else:
                answer = await record_payment(tx, data.target_id, event.desk, entry, by, now, data.expected_version)
        case Step.DELETE.value:
            answer = await _delete_newest(tx, data.target_id, event.desk, by, now, data.expected_version)
        case _:
            answer = Refused(Code.INVALID_VALUES, problems=(Problem("step", "unknown_step"),))
    return [refused(event, answer, now)] if isinstance(answer, Refused) else []


async def enter(ctx: Context, order_id: UUID, desk: str, entry: Entry, by: By, seen: int) -> UUID:
    """Record a payment that a person enters, and return its id.

    Raises NotFoundError, OrderChangedError, AlreadyPaidError, PaymentRefusedError.
    """
    async with ctx.core.db.begin() as tx:
        by = await _named(tx, by, desk)
        found = await record_payment(tx, order_id, desk, entry, by, ctx.core.clock.now(), seen)
        if isinstance(found, Refused):
            raise error_of(found, PLACES)
        await tx.commit()
    payment_id: UUID = found["id"]
    return payment_id


async def remove(ctx: Context, order_id: UUID, desk: str, payment_id: UUID, by: By, seen: int) -> None:
    """Delete a manual payment. Raises NotFoundError, StaleVersionError, NotDeletableError."""
    async with ctx.core.db.begin() as tx:
        by = await _named(tx, by, desk)
        order = await store.locked_order(tx, order_id, desk)
        known = {row["id"]: row for row in await store.of_order(tx, order_id)}
        if order is None or payment_id not in known:
            raise NotFoundError
        if known[payment_id]["version"] != seen:
            raise StaleVersionError
        if await delete_payment(tx, order, payment_id, by, ctx.core.clock.now()) is None:
            raise NotDeletableError
        await tx.commit()


async def book_payments(ctx: Context) -> int:
    """Book as automatic payments what sources say was paid and is not on record; return how many orders.

    One in a transaction: it waits for no order while it holds another.
    """
    count = 0
    while await _book_one(ctx):
        count += 1
    return count


async def _book_one(ctx: Context) -> bool:
    async with ctx.core.db.begin() as tx:
        order, now = await tx.conn.fetchrow(store.UNBOOKED), ctx.core.clock.now()
        if order is None:
            return False
        news = news_of(order["said_paid"], map(paid_of, await store.of_order(tx, order["id"])))
        await tx.conn.execute(store.BOOK, order["id"])
        row = await store.add(tx, order, None, news, SOURCE, now) if news > 0 else None
        if row is not None:
            cause = Cause.fresh()
            await _follow(tx, order, row, By(SOURCE, "said by the source", cause, cause.correlation_id), now)
        await tx.commit()
    return True


async def _delete_newest(
    tx: Transaction, order_id: UUID, desk: str, by: By, now: datetime, seen: int | None
) -> asyncpg.Record | Refused:
    order = await store.locked_order(tx, order_id, desk)
    if order is None:
        return Refused(Code.NOT_FOUND)
    if seen is not None and seen != order["version"]:
        return Refused(Code.STALE_VERSION, order["version"])
    manual = (PaymentKind.MANUAL, PaymentStatus.RECEIVED)
    standing = [row for row in await store.of_order(tx, order_id) if (row["kind"], row["status"]) == manual]
    row = await delete_payment(tx, order, standing[-1]["id"], by, now) if standing else None
    return Refused(Code.NOT_FOUND, order["version"]) if row is None else row


async def _follow(tx: Transaction, order: asyncpg.Record, row: asyncpg.Record, by: By, now: datetime) -> None:
    """Write what follows from a payment that is on record by now: history, the order's status, the events.

    The order's event goes first: what a playbook does on a payment is not undone by the order that it completes.
    What a source says changes the order only together with a manual payment: its status is the source's affair.
    """
    after = balance(order, await store.of_order(tx, order["id"]))
    was = standing_of(order)
    to = standing_after(was, after)
    said: list[Outgoing] = []
    if to != was or row["kind"] == PaymentKind.MANUAL:
        order = await store.stand(tx, order["id"], to)
        said.append(changed_event(order, was.status, now, by.cause))
    if to.status is not was.status:
        line = store.Line("order_status", by.actor, was.status, to.status, by.reason, by.cause_id)
        await store.log(tx, order, line, now)
    await store.log(tx, order, store.Line("payment", by.actor, None, shown(row), by.reason, by.cause_id), now)
    await add(tx, [*said, recorded_event(row, order, after, now, by.cause, by.request_id)])


async def _named(tx: Transaction, by: By, desk: str) -> By:
    return By(await actor_of(tx, by.actor, desk), by.reason, by.cause, by.cause_id)


def error_of(refusal: Refused, places: Mapping[str, str]) -> Exception:
    """Return why a payment was not recorded, as a route says it; `places`: where its body has the fields."""
    match refusal.code:
        case Code.NOT_FOUND:
            return NotFoundError()
        case Code.STALE_VERSION:
            return OrderChangedError(refusal.current_version)
        case Code.ALREADY_PAID:
            return AlreadyPaidError()
        case _:
            named = [(places.get(each.field, each.field), each.code) for each in refusal.problems]
            return PaymentRefusedError(named)
