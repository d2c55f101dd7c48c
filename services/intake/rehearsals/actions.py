"""Use case: try a source with a request, by the code of real deliveries, in one transaction."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

from libs.common.contracts import EventData
from libs.common.platform.db import Connection, Transaction
from libs.common.platform.db.nested import Nested
from services.intake.context import Context
from services.intake.deliveries.actions import receive
from services.intake.deliveries.batch import Acceptance
from services.intake.deliveries.schemas import NoteView
from services.intake.doctor.queries import read_out
from services.intake.errors import NotFoundError
from services.intake.formats.base import Answer
from services.intake.formats.rules import RawRequest
from services.intake.rehearsals.schemas import NewLead, SaidContact, TriedPart, TriedSource
from services.intake.sources.cache import source_of
from services.intake.sources.rules import Source

E = TypeVar("E", bound=EventData)

SOURCE = "SELECT * FROM source WHERE id = $1"
SAID = "SELECT type, convert_from(body, 'UTF8') AS body FROM outbox WHERE correlation_id = $1 ORDER BY id DESC"
KNOWN = """
SELECT EXISTS (SELECT FROM lead WHERE customer_id = $1 AND id <> $2)
"""


async def find_source(ctx: Context, source_id: UUID) -> Source:
    """Return a source as it is now. Raises NotFoundError."""
    row = await ctx.core.db.pool.fetchrow(SOURCE, source_id)
    if row is None:
        raise NotFoundError
    return source_of(row)


async def try_source(
    ctx: Context, source: Source, raw: RawRequest, traceparent: str | None, *, keep: bool
) -> TriedSource:
    """Say what a request does. It is stored as a trial with `keep`, else not at all.

    Raises the driver's errors while the database is away.
    """
    # A partner has nothing of a lead that is no customer's.
    tried = replace(source, partner_id=None) if keep else source
    async with ctx.core.db.begin() as tx:
        answer = await receive(_inside(ctx, tx), tried, raw, traceparent, trial=keep)
        found = await _tried(tx.conn, source, raw, answer, keep=keep)
        if keep:
            await tx.commit()
    return found


def _inside(ctx: Context, tx: Transaction) -> Context:
    db = Nested(ctx.core.db, tx)
    return replace(ctx, core=replace(ctx.core, db=db), acceptance=Acceptance(db))


async def _tried(conn: Connection, source: Source, raw: RawRequest, answer: Answer, *, keep: bool) -> TriedSource:
    # Of several leads the first is shown.
    said = {row["type"]: row["body"] for row in await conn.fetch(SAID, answer.delivery_id)}
    lead, contact = _event(NewLead, said), _event(SaidContact, said)
    known = lead is not None and await conn.fetchval(KNOWN, lead.customer_id, lead.lead_id)
    return TriedSource(
        **dict(read_out(source, raw)),
        dry_run=not keep,
        desk=source.desk,
        source=source.code,
        disposition=answer.disposition,
        reason=answer.reason,
        notes=[NoteView.model_validate(note.as_json()) for note in answer.notes],
        facts=[TriedPart.model_validate(part, from_attributes=True) for part in answer.parts],
        delivery_id=answer.delivery_id if keep else None,
        lead_id=answer.lead_id if keep or lead is None else None,
        customer_id=lead.customer_id if known and lead else None,
        lead=lead,
        contact=contact,
    )


def _event(model: type[E], said: Mapping[str, str]) -> E | None:
    body = said.get(model.event_type)
    return None if body is None else model.model_validate_json(body)
