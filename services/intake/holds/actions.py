"""Use cases: the price of an order is held until a time, never beyond its package's start (S4.17)."""

from uuid import UUID

from libs.common.contracts.shared import OrderStatus
from libs.common.messaging.outbox import add
from libs.common.platform.versions import StaleVersionError
from services.intake.appointments.store import actor_of
from services.intake.context import Context
from services.intake.errors import NotFoundError, PaymentRefusedError
from services.intake.holds import store
from services.intake.holds.rules import hold_problems
from services.intake.holds.schemas import HoldIn, PackageStartIn
from services.intake.orders.convert import changed_event
from services.intake.payments.actions import By
from services.intake.payments.store import Line, locked_order, log


async def hold_price(ctx: Context, order_id: UUID, desk: str, wish: HoldIn, by: By, seen: int) -> None:
    """Hold the price of an order, or end that. Raises NotFoundError, StaleVersionError, PaymentRefusedError."""
    now = ctx.core.clock.now()
    async with ctx.core.db.begin() as tx:
        order = await locked_order(tx, order_id, desk)
        if order is None:
            raise NotFoundError
        if order["version"] != seen:
            raise StaleVersionError
        status, before = OrderStatus(order["status"]), order["held_until"]
        starts = await store.starts_at(tx.conn, desk, order["items"])
        if problems := hold_problems(wish.held_until, status, starts, now):
            raise PaymentRefusedError([(each.field, each.code) for each in problems])
        if wish.held_until != before:
            order = await store.hold(tx.conn, order_id, wish.held_until)
            actor = await actor_of(tx, by.actor, desk)
            said = [f"held_until={at.isoformat()}" if at else None for at in (before, wish.held_until)]
            await log(tx, order, Line("order_fields", actor, said[0], said[1], by.reason, by.cause_id), now)
            await add(tx, [changed_event(order, status, now, by.cause)])
        await tx.commit()


async def say_start(ctx: Context, wish: PackageStartIn) -> None:
    """Say when a package begins; prices that are held beyond it already stay so."""
    async with ctx.core.db.begin() as tx:
        await store.say(tx.conn, wish.desk, wish.code, wish.starts_at)
        await tx.commit()
