"""Use case: a delivery of contacts, notes and any number of orders is stored, in one transaction.

Each part is judged as if it had come alone. One that cannot be read or stored is a note on the delivery, beside the
others: quarantine is for a delivery of which nothing can be taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias, assert_never
from uuid import UUID

import asyncpg
import orjson

from libs.common.contracts import Cause
from libs.common.platform.db import Connection, Transaction
from services.intake.calls.store import hear
from services.intake.contacts.actions import record, record_recording
from services.intake.contacts.rules import Said
from services.intake.context import Context
from services.intake.deliveries.backfill import update_leads
from services.intake.deliveries.batch import ATTEMPTS, RACES, UnstorableError, refuses_values, store_rows
from services.intake.deliveries.convert import Delivery, DeliveryRow, Part, Understood, notes_json
from services.intake.deliveries.rules import DeliveryKind, Disposition, disposition_of
from services.intake.deliveries.same_content import with_known_content
from services.intake.deliveries.same_customer import check_message, check_order
from services.intake.deliveries.store import KNOWN_KEY, NEWER, SETTLE, UNDERSTOOD
from services.intake.formats.base import Answer, PartAnswer
from services.intake.formats.rules import Note, Noted, Reason, Reported, Unreadable

# The same request arrived twice at once, or another transaction was in the way.
_AGAIN = (asyncpg.UniqueViolationError, *RACES)


@dataclass(frozen=True, slots=True)
class Became:
    """What became of a part; `order_id` of an order."""

    answer: PartAnswer
    order_id: UUID | None = None

    def as_json(self) -> dict[str, object]:
        """Return it as it is kept with the delivery."""
        said = self.answer
        return {
            "kind": said.kind,
            "disposition": said.disposition,
            "lead_id": str(said.lead_id) if said.lead_id else None,
            "order_id": str(self.order_id) if self.order_id else None,
            "order_number": said.order_number,
            "reason": said.reason,
        }


Results: TypeAlias = Sequence[tuple[Part, Became]]


async def understand(ctx: Context, parsed: Understood, now: datetime, *, again: bool = False) -> Answer:
    """Store a delivery and its parts. `again`: it was in quarantine, so newer states of its orders may be known.

    Raises UnstorableError when no part can be stored.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            async with ctx.core.db.begin() as tx:
                answer = await _understand(tx, parsed, now, again=again)
                await tx.commit()
        except _AGAIN:
            if attempt == ATTEMPTS:
                raise
        except asyncpg.DataError as error:
            raise UnstorableError(type(error).__name__) from error
        else:
            return answer
    raise AssertionError


async def _understand(tx: Transaction, parsed: Understood, now: datetime, *, again: bool) -> Answer:
    delivery = parsed.delivery
    key = delivery.repeat_key
    known = await tx.conn.fetchrow(KNOWN_KEY, delivery.source.id, key, delivery.id) if key else None
    if known is not None and await _is_of_another(tx.conn, parsed, key):
        known = key = None
    if not await _kept(tx, parsed, None if known else key):
        return Answer(delivery.id, Disposition.REPEAT)
    if known is not None:
        await _settle(tx, delivery, Disposition.REPEAT, known["lead_id"], ())
        return Answer(delivery.id, Disposition.REPEAT, known["lead_id"])
    results = [(part, await _stored(tx, delivery, part, now, again=again)) for part in parsed.parts]
    answers = [became.answer for _, became in results]
    if all(each.disposition is Disposition.QUARANTINED for each in answers):
        raise UnstorableError(answers[0].detail)
    disposition = disposition_of([each.disposition for each in answers])
    lead_id = next((each.lead_id for each in answers if each.lead_id is not None), None)
    await _settle(tx, delivery, disposition, lead_id, results)
    number = next((each.order_number for each in answers if each.order_number is not None), None)
    parts = tuple(answers) if len(answers) > 1 else ()
    return Answer(delivery.id, disposition, lead_id, number, parts=parts, notes=_notes(results))


async def _is_of_another(conn: Connection, parsed: Understood, key: str | None) -> bool:
    """Return whether a known key belonged to another customer: some pages give one to all their requests (P.1)."""
    row = next((part for part in parsed.parts if isinstance(part, DeliveryRow) and part.unsure), None)
    return row is not None and await check_message(conn, replace(row, webhook_id=key)) is not None


async def _kept(tx: Transaction, parsed: Understood, key: str | None) -> bool:
    """Store the request; False when it is there already, and was understood meanwhile."""
    delivery = parsed.delivery
    return bool(
        await tx.conn.fetchval(
            UNDERSTOOD, delivery.id, delivery.source.desk, delivery.source.id, delivery.received_at,
            delivery.raw.method, delivery.kept_query(), delivery.headers_json(), delivery.kept_body(),
            _kinds(parsed.parts), key,
        )
    )  # fmt: skip


async def _settle(
    tx: Transaction, delivery: Delivery, disposition: Disposition, lead_id: UUID | None, results: Results
) -> None:
    order = next((each for _, each in results if each.order_id is not None), None)
    several = orjson.dumps([each.as_json() for _, each in results]).decode() if len(results) > 1 else None
    await tx.conn.execute(
        SETTLE, delivery.id, disposition.value, lead_id, order.order_id if order else None,
        int(order.answer.order_number or 0) if order else None, notes_json(_notes(results)), several,
    )  # fmt: skip


async def _stored(tx: Transaction, delivery: Delivery, part: Part, now: datetime, *, again: bool) -> Became:
    """Store one part; the database's refusal of its values leaves the others untouched."""
    if isinstance(part, Unreadable):
        return _unread(part.reason)
    try:
        async with tx.conn.transaction():
            return await _part(tx, delivery, part, now, again=again)
    except asyncpg.UniqueViolationError:
        raise
    except (asyncpg.PostgresError, asyncpg.InterfaceError, UnstorableError) as error:
        if not refuses_values(error):
            raise
        return _unread(
            Reason.UNSTORABLE, str(error) if isinstance(error, UnstorableError) else type(error).__name__
        )


async def _part(
    tx: Transaction, delivery: Delivery, part: DeliveryRow | Said | Noted | Reported, now: datetime, *, again: bool
) -> Became:
    match part:
        case DeliveryRow():
            return await _order(tx.conn, part, again=again)
        case Said():
            recorded = await record(tx, delivery.source, part, now, Cause(delivery.id, None, delivery.traceparent))
            return Became(PartAnswer(DeliveryKind.CONTACT, recorded.disposition, recorded.lead_id))
        case Noted(kind):
            return Became(PartAnswer(kind, Disposition.NOTED))
        case Reported(heard) if heard.recording is not None:
            cause = Cause(delivery.id, None, delivery.traceparent)
            kept = await record_recording(tx, delivery.source, heard, now, cause)
            disposition = Disposition.NOTED if kept is None else kept.disposition
            return Became(PartAnswer(DeliveryKind.CONTACT, disposition, kept.lead_id if kept else None))
        case Reported(heard):
            call = await hear(tx, delivery.source.id, heard)
            disposition = Disposition.NOTED if call is None else Disposition.ACCEPTED
            return Became(PartAnswer(DeliveryKind.CONTACT, disposition, call["lead_id"] if call else None))
        case _:
            assert_never(part)


async def _order(conn: Connection, row: DeliveryRow, *, again: bool) -> Became:
    """Store an order by the statement of all orders, in the caller's transaction."""
    if again:
        row = await check_order(conn, row) if row.unsure else row
        newer = await conn.fetchrow(NEWER, row.delivery.source.id, row.external_id, row.delivery.received_at)
        if newer is not None:
            changed = await update_leads(conn, [(row, newer["lead_id"])])
            disposition = Disposition.ACCEPTED if changed else Disposition.REPEAT
            return _became(newer["lead_id"], newer["id"], str(newer["order_number"]), disposition)
    [row] = await with_known_content(conn, [row])
    [accepted] = await store_rows(conn, [row])
    if accepted is None:
        [accepted] = await store_rows(conn, [await check_order(conn, row)])
    if accepted is None:
        raise UnstorableError(row.external_id)
    return _became(accepted.lead_id, accepted.order_id, accepted.order_number, accepted.disposition)


def _became(lead_id: UUID, order_id: UUID, number: str, disposition: Disposition) -> Became:
    return Became(PartAnswer(DeliveryKind.ORDER, disposition, lead_id, number), order_id)


def _unread(reason: Reason, detail: str = "") -> Became:
    return Became(PartAnswer(None, Disposition.QUARANTINED, reason=reason, detail=detail))


def _kinds(parts: Sequence[Part]) -> list[str]:
    return sorted({kind for part in parts if (kind := _kind(part)) is not None})


def _kind(part: Part) -> DeliveryKind | None:
    match part:
        case DeliveryRow():
            return DeliveryKind.ORDER
        case Said() | Reported():
            return DeliveryKind.CONTACT
        case Noted(kind):
            return kind
        case Unreadable():
            return None
        case _:
            assert_never(part)


def _notes(results: Results) -> tuple[Note, ...]:
    """Return the notes on all parts; `facts.1.phone` is the field of the second one."""
    notes: list[Note] = []
    for n, (part, became) in enumerate(results):
        if became.answer.reason is not None:
            notes.append(Note(f"facts.{n}", became.answer.reason, became.answer.detail))
        own = (
            part.order.notes
            if isinstance(part, DeliveryRow)
            else part.notes
            if isinstance(part, Unreadable)
            else ()
        )
        notes += [Note(f"facts.{n}.{each.field}", each.code, each.detail) for each in own]
    return tuple(notes)
