"""Use cases: start a call, pass one on. Each writes a command; the worker calls the exchange."""

from datetime import datetime
from uuid import UUID

from libs.common.platform.ids import uuid7
from services.intake.calling.actions import refuse_call
from services.intake.calls import store
from services.intake.calls.rules import PATIENCE, CallKind, may_transfer, number_of
from services.intake.calls.schemas import CallIn
from services.intake.calls.store import NewCall
from services.intake.context import Context
from services.intake.errors import (
    CallNotConnectedError,
    CallRefusedError,
    CallUnderWayError,
    ExchangeHaltedError,
    NotFoundError,
)
from services.intake.formats.exchange import ExchangeFormat
from services.intake.sources.rules import Source


async def start_call(ctx: Context, asked: CallIn, actor: str, traceparent: str | None) -> UUID:
    """Write the command of a call and return its id.

    Raises CallRefusedError (the source is no exchange, the number cannot be called, no telephone is known),
    NotFoundError, ExchangeHaltedError, CallUnderWayError, DoNotCallError, CallsExhaustedError.
    """
    pool, now = ctx.core.db.pool, ctx.core.clock.now()
    source = await _source(ctx, await pool.fetchval(store.SOURCE, asked.desk, asked.source))
    typed, place = asked.phone, "/phone"
    if asked.lead_id is not None:
        lead = await pool.fetchrow(store.LEAD, asked.lead_id, asked.desk)
        if lead is None:
            raise NotFoundError
        typed, place = lead["phone"], "/lead_id"
    number = number_of(typed, source.region)
    if number is None:
        raise CallRefusedError(place, "no_number")
    who = await pool.fetchrow(store.OPERATOR, actor, asked.desk, asked.operator_id)
    operator_id = asked.operator_id or (who["id"] if who else None)
    extension = asked.extension or (who["extension"] if who else None)
    if extension is None:
        raise CallRefusedError("/extension", "no_extension")
    new = NewCall(uuid7(), CallKind.DIAL, extension, number, actor, asked.lead_id, operator_id)
    return await _write(ctx, source, new, now, traceparent)


async def transfer_call(ctx: Context, call_id: UUID, extension: str, actor: str, traceparent: str | None) -> UUID:
    """Write the command that passes a call on, and return its id.

    Raises NotFoundError, CallNotConnectedError, ExchangeHaltedError, CallUnderWayError.
    """
    row = await ctx.core.db.pool.fetchrow(store.CALL, call_id)
    if row is None:
        raise NotFoundError
    if not may_transfer(CallKind(row["kind"]), row["leg"]):
        raise CallNotConnectedError
    source = await _source(ctx, row["source_key"])
    new = NewCall(
        uuid7(), CallKind.TRANSFER, row["extension"], extension, actor, row["lead_id"], row["operator_id"], call_id,
        row["leg"],
    )  # fmt: skip
    return await _write(ctx, source, new, ctx.core.clock.now(), traceparent)


async def _source(ctx: Context, key: str | None) -> Source:
    """Return the source whose exchange is to call. Raises CallRefusedError."""
    known = await ctx.sources.get(key) if key is not None else None
    if known is None or not isinstance(known.source.format, ExchangeFormat):
        raise CallRefusedError("/source", "no_exchange")
    return known.source


async def _write(ctx: Context, source: Source, new: NewCall, now: datetime, traceparent: str | None) -> UUID:
    found = source.format
    assert isinstance(found, ExchangeFormat)  # noqa: S101 - `_source` has seen it
    async with ctx.core.db.begin() as tx:
        halted = await store.ensure_exchange(tx, source, found)
        if halted is not None:
            raise ExchangeHaltedError(halted)
        if new.kind is CallKind.DIAL:
            await refuse_call(tx, source.desk, new.lead_id, new.to_number, source.zone.key, now)
        existing = await store.add(tx, source, new, now, now + PATIENCE, traceparent)
        if existing is not None:
            raise CallUnderWayError(existing)
        await tx.commit()
    ctx.due.set()
    return new.id
