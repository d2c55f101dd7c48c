"""Use cases: a refund is asked for and goes step by step; its confirmation closes access (S4.14)."""

from datetime import datetime
from decimal import Decimal
from typing import TypeAlias
from uuid import UUID

import asyncpg

from libs.common.contracts import Outgoing, Received
from libs.common.contracts.shared import AccessAction, RefundState
from libs.common.contracts.tasks import ChangeRequested
from libs.common.messaging.outbox import add
from libs.common.platform.db import Transaction
from libs.common.platform.versions import StaleVersionError
from services.intake.accesses.actions import request_access
from services.intake.appointments.store import actor_of
from services.intake.changes.convert import refused
from services.intake.changes.rules import Code, Problems, Refused
from services.intake.context import Context
from services.intake.desks.actions import workday_of
from services.intake.errors import (
    NotFoundError,
    OutOfTurnError,
    PaymentRefusedError,
    RefundUnderWayError,
)
from services.intake.payments.actions import By
from services.intake.payments.convert import balance
from services.intake.payments.store import Line, locked_order, log, of_order
from services.intake.refunds import store
from services.intake.refunds.convert import changed_event
from services.intake.refunds.rules import (
    WORKING_DAYS,
    Details,
    Wish,
    amount_problems,
    follows,
    left_of,
    read_wish,
)
from services.intake.refunds.schemas import RefundView

Request: TypeAlias = Received[ChangeRequested]


async def answer_refund(tx: Transaction, event: Request, now: datetime) -> list[Outgoing]:
    """Take the step that tasks asks for, or say why not, in the caller's transaction."""
    data = event.data
    order = await locked_order(tx, data.target_id, event.desk)
    if order is None:
        return [refused(event, Refused(Code.NOT_FOUND), now)]
    known = await store.under_way(tx, order["id"])
    wish, problems = read_wish(data.values)
    version = None if known is None else known["version"]
    if wish is None:
        return [refused(event, Refused(Code.INVALID_VALUES, version, problems), now)]
    if data.expected_version not in (None, version):
        return [refused(event, Refused(Code.STALE_VERSION, version), now)]
    if not _fits(known, wish.state):
        code = Code.NOT_FOUND if known is None else Code.OUT_OF_TURN
        return [refused(event, Refused(code, version), now)]
    if problems := await _problems(tx, order, wish):
        return [refused(event, Refused(Code.INVALID_VALUES, version, problems), now)]
    by = By(data.actor, data.reason, event.follow(), event.event_id, data.request_id)
    await _take(tx, order, known, wish, by, now)
    return []


async def ask(ctx: Context, order_id: UUID, desk: str, wish: Wish, by: By) -> UUID:
    """Open a refund of an order and return its id.

    Raises NotFoundError, RefundUnderWayError, PaymentRefusedError.
    """
    async with ctx.core.db.begin() as tx:
        order = await locked_order(tx, order_id, desk)
        if order is None:
            raise NotFoundError
        if (known := await store.under_way(tx, order_id)) is not None:
            raise RefundUnderWayError(known["id"])
        if problems := await _problems(tx, order, wish):
            raise PaymentRefusedError([(f"amount/{each.field}", each.code) for each in problems])
        row = await _take(tx, order, None, wish, await _named(tx, by, desk), ctx.core.clock.now())
        await tx.commit()
    refund_id: UUID = row["id"]
    return refund_id


async def go_on(ctx: Context, seen: RefundView, version: int, wish: Wish, by: By) -> None:
    """Take a step of a refund. Raises StaleVersionError, OutOfTurnError."""
    async with ctx.core.db.begin() as tx:
        order, known = await _locked(tx, seen, version, wish.state)
        await _take(tx, order, known, wish, await _named(tx, by, seen.desk), ctx.core.clock.now())
        await tx.commit()


async def give_details(ctx: Context, seen: RefundView, version: int, details: Details, by: By) -> None:
    """Say whom to pay back and to where; the time to pay runs from now.

    Raises StaleVersionError, OutOfTurnError.
    """
    now = ctx.core.clock.now()
    async with ctx.core.db.begin() as tx:
        order, known = await _locked(tx, seen, version, RefundState.DETAILS_GIVEN)
        due_on = await workday_of(tx, seen.desk, now, WORKING_DAYS)
        row = await store.give(tx, known["id"], details, ctx.core.keys, due_on, now)
        await _follow(tx, order, known["state"], row, await _named(tx, by, seen.desk), now)
        await tx.commit()


async def _locked(
    tx: Transaction, seen: RefundView, version: int, to: RefundState
) -> tuple[asyncpg.Record, asyncpg.Record]:
    order = await locked_order(tx, seen.order_id, seen.desk)
    known = await store.under_way(tx, seen.order_id)
    if known is not None and known["id"] == seen.id and known["version"] != version:
        raise StaleVersionError
    if order is None or known is None or known["id"] != seen.id:
        if seen.version != version:
            raise StaleVersionError
        raise OutOfTurnError(seen.state)
    if not _fits(known, to):
        raise OutOfTurnError(known["state"])
    return order, known


async def _problems(tx: Transaction, order: asyncpg.Record, wish: Wish) -> Problems:
    received = balance(order, await of_order(tx, order["id"])).received
    back = await store.paid_back(tx, order["id"], max(received, order["paid"] or Decimal(0)))
    return amount_problems(wish, order["currency"], left_of(received, order["paid"], back))


def _fits(known: asyncpg.Record | None, to: RefundState) -> bool:
    if known is None:
        return to is RefundState.ASKED
    return follows(RefundState(known["state"]), to)


async def _take(
    tx: Transaction, order: asyncpg.Record, known: asyncpg.Record | None, wish: Wish, by: By, now: datetime
) -> asyncpg.Record:
    if known is None:
        row = await store.ask(tx, order, wish, by.actor, now)
    else:
        row = await store.step(tx, known["id"], wish, now)
    await _follow(tx, order, None if known is None else known["state"], row, by, now)
    if wish.state is RefundState.CONFIRMED:
        closing = By(by.actor, by.reason, by.cause, by.cause_id)  # the request is answered by the refund
        await request_access(tx, order, AccessAction.CLOSE, closing, now, refund_id=row["id"])
    return row


async def _follow(
    tx: Transaction, order: asyncpg.Record, before: str | None, row: asyncpg.Record, by: By, now: datetime
) -> None:
    """Write the line of history and publish the step."""
    await log(tx, order, Line("refund", by.actor, before, row["state"], by.reason, by.cause_id), now)
    await add(tx, [changed_event(row, order, now, by.cause, by.request_id)])


async def _named(tx: Transaction, by: By, desk: str) -> By:
    return By(await actor_of(tx, by.actor, desk), by.reason, by.cause, by.cause_id)
