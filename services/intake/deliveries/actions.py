"""Use cases: take a delivery in, put it into quarantine, read it again."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from libs.common.platform.db.errors import is_transient
from libs.common.platform.ids import uuid7
from libs.common.platform.telemetry.logs import get_logger
from services.intake.context import Context
from services.intake.deliveries.backfill import learn
from services.intake.deliveries.batch import OverloadedError, UnstorableError
from services.intake.deliveries.convert import Delivery, admit, notes_json
from services.intake.deliveries.rules import Disposition
from services.intake.deliveries.same_customer import judged
from services.intake.errors import NotFoundError
from services.intake.formats.rules import WEAK_IDS, Note, RawRequest, Reason, Unreadable
from services.intake.sources.cache import source_of
from services.intake.sources.rules import Source

QUARANTINE = """
INSERT INTO delivery (id, desk, source_id, received_at, method, query, headers, body, disposition, reason, notes,
                      reruns)
VALUES ($1, $2, $3, $4, $5, $6, $7::text::jsonb, $8, 'quarantined', $9, $10::text::jsonb, 0)
ON CONFLICT (id) DO NOTHING
"""

READ = "SELECT * FROM delivery WHERE id = $1"
SOURCE = "SELECT * FROM source WHERE id = $1"

# Something newer than this delivery has spoken for the same order since.
SUPERSEDED = """
UPDATE delivery d
SET disposition = 'repeat', reason = NULL, lead_id = o.lead_id, order_id = o.id, order_number = o.order_number
FROM sales_order o
WHERE d.id = $1 AND d.disposition = 'quarantined' AND o.source_id = $2 AND o.external_id = $3
  AND o.heard_at > d.received_at
RETURNING d.lead_id
"""
COUNT_RERUN = """
UPDATE delivery SET reruns = reruns + 1, rerun_at = $2,
    reason = CASE WHEN disposition = 'quarantined' THEN $3 ELSE reason END,
    notes = CASE WHEN disposition = 'quarantined' THEN $4::text::jsonb ELSE notes END
WHERE id = $1
"""

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the sender is told, once it is on disk."""

    delivery_id: UUID
    disposition: Disposition
    lead_id: UUID | None = None
    order_number: str | None = None
    reason: Reason | None = None


async def receive(ctx: Context, source: Source, raw: RawRequest, traceparent: str | None) -> Answer:
    """Keep an authentic request: as a lead, a change, a repeat, or in quarantine.

    Raises OverloadedError, and the driver's errors while the database is away; then nothing was kept.
    """
    now = ctx.core.clock.now()
    delivery = Delivery(uuid7(), source, now, raw, traceparent)
    admission = admit(delivery, now)
    if isinstance(admission, Unreadable):
        return await quarantine(ctx, delivery, admission)
    try:
        accepted = await ctx.acceptance.accept(admission)
    except OverloadedError:
        raise
    except Exception as error:
        if is_transient(error):
            raise
        return await quarantine(ctx, delivery, unstorable(error))
    return Answer(delivery.id, accepted.disposition, accepted.lead_id, accepted.order_number)


async def quarantine(ctx: Context, delivery: Delivery, why: Unreadable) -> Answer:
    """Keep the raw request alone, in a transaction of its own: the last resort, so it gives up what it must."""
    try:
        await _keep(ctx, delivery, why.reason, delivery.headers_json(), notes_json(why.notes))
    except Exception as error:
        if is_transient(error):
            raise
        log.exception("delivery kept without headers and notes", delivery_id=str(delivery.id))
        await _keep(ctx, delivery, why.reason, "{}", "[]")
    return Answer(delivery.id, Disposition.QUARANTINED, reason=why.reason)


def unstorable(error: Exception) -> Unreadable:
    """Return why a delivery that could be read could not be stored."""
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
            raw.body,
            reason.value,
            notes,
        )
        await tx.commit()


async def rerun(ctx: Context, delivery_id: UUID, traceparent: str | None) -> None:
    """Read a quarantined delivery again by its source's present settings; a settled one stays as it is.

    What a newer delivery has overtaken meanwhile changes nothing any more (S4.1). Raises
    NotFoundError, OverloadedError.
    """
    row = await ctx.core.db.pool.fetchrow(READ, delivery_id)
    known = await ctx.core.db.pool.fetchrow(SOURCE, row["source_id"]) if row is not None else None
    if row is None or known is None:
        raise NotFoundError
    if row["disposition"] != Disposition.QUARANTINED:
        return
    source = source_of(known)
    now = ctx.core.clock.now()
    raw = RawRequest(row["method"], row["query"], row["headers"], row["body"])
    delivery = Delivery(delivery_id, source, row["received_at"], raw, traceparent)
    reason, notes = await _read_again(ctx, delivery, now)
    async with ctx.core.db.begin() as tx:
        await tx.conn.execute(COUNT_RERUN, delivery_id, now, reason, notes)
        await tx.commit()


async def _read_again(ctx: Context, delivery: Delivery, now: datetime) -> tuple[str | None, str]:
    admission = admit(delivery, now)
    if isinstance(admission, Unreadable):
        return admission.reason.value, notes_json(admission.notes)
    pool = ctx.core.db.pool
    if delivery.source.format in WEAK_IDS:
        admission = await judged(pool, admission)
    lead = await pool.fetchval(SUPERSEDED, delivery.id, delivery.source.id, admission.external_id)
    if lead is not None:
        await learn(pool, [(admission, lead)])
    else:
        try:
            await ctx.acceptance.accept(admission)
        except UnstorableError as error:
            return Reason.UNSTORABLE.value, notes_json(unstorable(error).notes)
    return None, "[]"
