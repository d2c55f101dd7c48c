"""Use cases: store a delivery, quarantine it, read it again."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import assert_never
from uuid import UUID

import asyncpg

from libs.common.platform.db.errors import is_transient
from libs.common.platform.ids import uuid7
from libs.common.platform.telemetry.logs import get_logger
from services.intake.context import Context
from services.intake.deliveries.backfill import update_leads
from services.intake.deliveries.batch import OverloadedError, UnstorableError
from services.intake.deliveries.convert import Delivery, DeliveryRow, Understood, notes_json, parse_delivery
from services.intake.deliveries.parts import understand
from services.intake.deliveries.rules import Disposition
from services.intake.deliveries.same_customer import check_order
from services.intake.deliveries.same_number import all_named, as_known, known_by
from services.intake.deliveries.store import COUNT_RERUN, QUARANTINE, SUPERSEDED
from services.intake.errors import NotFoundError
from services.intake.formats.base import Answer
from services.intake.formats.packing import TooLargeError, unpacked
from services.intake.formats.rules import Note, RawRequest, Reason, Unreadable
from services.intake.sources.cache import source_of
from services.intake.sources.rules import Source

READ = "SELECT * FROM delivery WHERE id = $1"
SOURCE = "SELECT * FROM source WHERE id = $1"
# What a delivery has just added to a lead: the names of the person's fields.
GAINED = """
SELECT to_value FROM history
WHERE lead_id = $1 AND cause_id = $2 AND at = $3 AND what = 'lead_person' AND reason = 'said by the source'
ORDER BY id DESC LIMIT 1
"""
ADD_NOTES = "UPDATE delivery SET notes = notes || $2::text::jsonb WHERE id = $1"

log = get_logger(__name__)


async def receive(
    ctx: Context, source: Source, raw: RawRequest, traceparent: str | None, *, trial: bool = False
) -> Answer:
    """Store an authentic request: as a lead, a change, a contact, a repeat, or in quarantine.

    Raises OverloadedError, and the driver's errors while the database is away; then nothing was stored.
    """
    now = ctx.core.clock.now()
    delivery = Delivery(uuid7(), source, now, raw, traceparent, trial)
    parsed = parse_delivery(delivery, now)
    if isinstance(parsed, Unreadable):
        return await quarantine(ctx, delivery, parsed)
    try:
        return await _accept(ctx, parsed, now)
    except OverloadedError:
        raise
    except Exception as error:
        if is_transient(error):
            raise
        return await quarantine(ctx, delivery, unstorable(error))


async def _accept(ctx: Context, parsed: DeliveryRow | Understood, now: datetime) -> Answer:
    if isinstance(parsed, Understood):
        return await understand(ctx, parsed, now)
    accepted = await ctx.acceptance.accept(parsed)
    return Answer(
        parsed.delivery.id,
        accepted.disposition,
        accepted.lead_id,
        accepted.order_number,
        notes=parsed.order.notes,
    )


async def quarantine(ctx: Context, delivery: Delivery, why: Unreadable) -> Answer:
    """Store the raw request alone; headers and notes are left out when they cannot be stored."""
    try:
        await _keep(ctx, delivery, why.reason, delivery.headers_json(), notes_json(why.notes))
    except Exception as error:
        if is_transient(error):
            raise
        log.exception("delivery quarantined without headers and notes", delivery_id=str(delivery.id))
        await _keep(ctx, delivery, why.reason, "{}", "[]")
    return Answer(delivery.id, Disposition.QUARANTINED, reason=why.reason, notes=why.notes)


def unstorable(error: Exception) -> Unreadable:
    cause = str(error) if isinstance(error, UnstorableError) else type(error).__name__
    return Unreadable(Reason.UNSTORABLE, (Note("", cause),))


async def _keep(ctx: Context, delivery: Delivery, reason: Reason, headers: str, notes: str) -> None:
    raw = delivery.raw
    async with ctx.core.db.begin() as tx:
        await tx.conn.execute(
            QUARANTINE,
            delivery.id,
            delivery.source.desk,
            delivery.source.id,
            delivery.received_at,
            raw.method,
            delivery.kept_query(),
            headers,
            delivery.kept_body(),
            reason.value,
            notes,
        )
        await tx.commit()


async def rerun(ctx: Context, delivery_id: UUID, traceparent: str | None) -> Disposition:
    """Read a delivery again by its source's present settings; return what it is afterwards.

    One of the quarantine becomes what it is read as; when a newer delivery has changed the same order meanwhile, it
    changes nothing (S4.1). One that was accepted gives its lead what is read of the person by now and the lead
    lacks, as a later delivery of its order would. Raises NotFoundError, OverloadedError.
    """
    stored = await ctx.core.db.pool.fetchrow(READ, delivery_id)
    known = await ctx.core.db.pool.fetchrow(SOURCE, stored["source_id"]) if stored is not None else None
    if stored is None or known is None:
        raise NotFoundError
    source = source_of(known)
    now = ctx.core.clock.now()
    raw = _kept_request(stored, source.body_limit)
    delivery = Delivery(delivery_id, source, stored["received_at"], raw, traceparent)
    match Disposition(stored["disposition"]):
        case Disposition.QUARANTINED:
            reason, notes = await _read_again(ctx, delivery, now)
        case Disposition.ACCEPTED | Disposition.REPEAT:
            reason, notes = None, "[]"
            await _complete(ctx, parse_delivery(delivery, now), stored, now)
        case Disposition.TEST | Disposition.NOTED as settled:
            return settled
        case unknown:
            assert_never(unknown)
    async with ctx.core.db.begin() as tx:
        disposition = await tx.conn.fetchval(COUNT_RERUN, delivery_id, now, reason, notes)
        await tx.commit()
    return Disposition(disposition)


def _kept_request(stored: asyncpg.Record, limit: int) -> RawRequest:
    """Return a request as it was kept; releases before kept packed bodies as they came."""
    body, headers = stored["body"], stored["headers"]
    with suppress(TooLargeError):
        body = unpacked(body, headers.get("content-encoding", "").split(","), limit)
    return RawRequest(stored["method"], stored["query"], headers, body)


async def _read_again(ctx: Context, delivery: Delivery, now: datetime) -> tuple[str | None, str]:
    row = parse_delivery(delivery, now)
    if isinstance(row, Unreadable):
        return row.reason.value, notes_json(row.notes)
    try:
        if isinstance(row, Understood):
            await understand(ctx, row, now, again=True)
        else:
            await _accept_again(ctx, row)
    except UnstorableError as error:
        return Reason.UNSTORABLE.value, notes_json(unstorable(error).notes)
    return None, "[]"


async def _complete(
    ctx: Context, parsed: DeliveryRow | Understood | Unreadable, stored: asyncpg.Record, now: datetime
) -> None:
    """Give the leads of an accepted delivery what they lack of their persons, and note it on the delivery."""
    async with ctx.core.db.begin() as tx:
        for row, lead_id in _with_leads(parsed, stored):
            if await update_leads(tx.conn, [(row, lead_id)]):
                gained = await tx.conn.fetchval(GAINED, lead_id, row.delivery.id, now) or ""
                added = (Note(name, "added", row.order.places.get(name, "")) for name in gained.split(", ") if name)
                await tx.conn.execute(ADD_NOTES, row.delivery.id, notes_json(tuple(added)))
        await tx.commit()


def _with_leads(
    parsed: DeliveryRow | Understood | Unreadable, stored: asyncpg.Record
) -> Iterator[tuple[DeliveryRow, UUID]]:
    """Yield the orders of a delivery with their leads; nothing when it is not read as the same parts any more."""
    if isinstance(parsed, Unreadable):
        return
    parts = parsed.parts if isinstance(parsed, Understood) else (parsed,)
    leads = [part["lead_id"] for part in stored["facts"]] if stored["facts"] else [stored["lead_id"]]
    for part, lead_id in zip(parts, leads, strict=True) if len(parts) == len(leads) else ():
        if isinstance(part, DeliveryRow) and lead_id is not None:
            yield part, UUID(str(lead_id))


async def _accept_again(ctx: Context, row: DeliveryRow) -> None:
    pool, delivery = ctx.core.db.pool, row.delivery
    if delivery.source.format.weak_ids:
        row = await check_order(pool, row)
    row = as_known(row, await known_by(pool, all_named([row])))
    lead = await pool.fetchval(SUPERSEDED, delivery.id, delivery.source.id, row.external_id)
    if lead is not None:
        await update_leads(pool, [(row, lead)])
    else:
        await ctx.acceptance.accept(row)
