"""Use cases: access is to be closed, or its password reset and sent again; and that is done (S4.14, S4.20).

GetCourse has no call for either: a person does it there, by the task that a playbook opens.
"""

from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import asyncpg

from libs.common.contracts import Outgoing, Received
from libs.common.contracts.payments import AccessChanged
from libs.common.contracts.shared import AccessAction, AccessStatus
from libs.common.contracts.tasks import ChangeRequested
from libs.common.messaging.outbox import add
from libs.common.platform.db import Transaction
from libs.common.platform.versions import StaleVersionError
from services.intake.accesses import store
from services.intake.accesses.rules import read_wish
from services.intake.accesses.schemas import AccessView
from services.intake.appointments.store import actor_of
from services.intake.changes.convert import refused
from services.intake.changes.rules import Code, Refused
from services.intake.context import Context
from services.intake.errors import NotFoundError, OutOfTurnError
from services.intake.payments.actions import By
from services.intake.payments.store import Line, locked_order, log

Request: TypeAlias = Received[ChangeRequested]


async def request_access(
    tx: Transaction,
    order: asyncpg.Record,
    action: AccessAction,
    by: By,
    now: datetime,
    refund_id: UUID | None = None,
) -> asyncpg.Record:
    """Ask for something to be done to the access of a locked order, and publish it; what is asked for stays so."""
    known = await store.requested(tx, order["id"], action)
    row = known or await store.request(tx, order, action, refund_id, by.actor, now)
    await _follow(tx, order, row, by, now, is_new=known is None)
    return row


async def answer_access(tx: Transaction, event: Request, now: datetime) -> list[Outgoing]:
    """Do what tasks asks for, or say why not, in the caller's transaction."""
    data = event.data
    order = await locked_order(tx, data.target_id, event.desk)
    wish, problems = read_wish(data.values)
    if order is None:
        return [refused(event, Refused(Code.NOT_FOUND), now)]
    if wish is None:
        return [refused(event, Refused(Code.INVALID_VALUES, problems=problems), now)]
    by = By(data.actor, data.reason, event.follow(), event.event_id, data.request_id)
    if wish.status is AccessStatus.REQUESTED:
        await request_access(tx, order, wish.action, by, now)
        return []
    known = await store.requested(tx, order["id"], wish.action)
    row = known and await store.finish(tx, known["id"], by.actor, now)
    if row is None:
        return [refused(event, Refused(Code.NOT_FOUND), now)]
    await _follow(tx, order, row, by, now)
    return []


async def ask(ctx: Context, order_id: UUID, desk: str, action: AccessAction, by: By) -> UUID:
    """Ask for something to be done to an order's access; return its id. Raises NotFoundError."""
    async with ctx.core.db.begin() as tx:
        order = await locked_order(tx, order_id, desk)
        if order is None:
            raise NotFoundError
        row = await request_access(tx, order, action, await _named(tx, by, desk), ctx.core.clock.now())
        await tx.commit()
    access_id: UUID = row["id"]
    return access_id


async def finish(ctx: Context, seen: AccessView, version: int, by: By) -> None:
    """Say that it is done. Raises StaleVersionError, OutOfTurnError."""
    if seen.version != version:
        raise StaleVersionError
    async with ctx.core.db.begin() as tx:
        order, now = await locked_order(tx, seen.order_id, seen.desk), ctx.core.clock.now()
        by = await _named(tx, by, seen.desk)
        row = await store.finish(tx, seen.id, by.actor, now)
        if order is None or row is None:
            raise OutOfTurnError(AccessStatus.DONE)
        await _follow(tx, order, row, by, now)
        await tx.commit()


async def _follow(
    tx: Transaction, order: asyncpg.Record, row: asyncpg.Record, by: By, now: datetime, *, is_new: bool = True
) -> None:
    """Write the line of history, unless nothing is new, and publish it."""
    if is_new:
        line = Line("access", by.actor, None, f"{row['action']} {row['status']}", by.reason, by.cause_id)
        await log(tx, order, line, now)
    data = AccessChanged(
        access_id=row["id"],
        lead_id=row["lead_id"],
        customer_id=row["customer_id"],
        order_id=row["order_id"],
        order_number=str(order["order_number"]),
        version=row["version"],
        action=AccessAction(row["action"]),
        status=AccessStatus(row["status"]),
        refund_id=row["refund_id"],
        request_id=by.request_id,
    )
    await add(tx, [Outgoing(f"lead:{order['lead_id']}", order["desk"], now, data, by.cause)])


async def _named(tx: Transaction, by: By, desk: str) -> By:
    return By(await actor_of(tx, by.actor, desk), by.reason, by.cause, by.cause_id)
