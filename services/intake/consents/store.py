"""SQL of consents and of the black list. Locks are taken in intake's order: identities, customers, leads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from libs.common.contracts.shared import Purpose, Signal
from libs.common.platform.db import Transaction
from services.intake.consents.rules import ConsentKind, ConsentStep, Step, barred_of, stops_calls
from services.intake.contacts.rules import Known
from services.intake.customers.store import TREE, columns

ROOT = "SELECT coalesce(merged_into, id) FROM customer WHERE id = $1"
# All that are one customer by now, in the order of locks.
LOCK = """
SELECT id, merged_into FROM customer WHERE id = $1 OR merged_into = $1 ORDER BY id FOR UPDATE
"""
ADD = """
INSERT INTO consent (id, desk, customer_id, what, purposes, at, recorded_at, kind, document, document_version,
                     source, delivery_id, message_id, actor, reason, cause_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
"""
STEPS = f"SELECT id, what, purposes, at FROM consent WHERE customer_id IN ({TREE})"  # noqa: S608 - constants
IS_LISTED = f"""
SELECT EXISTS (SELECT FROM customer_identity i JOIN black_list b USING (desk, kind, value)
               WHERE i.customer_id IN ({TREE}) AND b.lifted_at IS NULL)
"""  # noqa: S608 - constants
BAR = """
UPDATE customer SET barred = $2
WHERE (id = $1 OR merged_into = $1) AND coalesce(barred, '{}') <> $2 RETURNING id, desk
"""
MARK = f"""
UPDATE lead SET signals = array_remove(signals, '{Signal.DO_NOT_CALL}')
                          || CASE WHEN $2 THEN '{{{Signal.DO_NOT_CALL}}}'::text[] END
WHERE id = ANY($1::uuid[]) AND ('{Signal.DO_NOT_CALL}' = ANY (signals)) <> $2
"""  # noqa: S608 - constants
# Only what a provider's switch has closed is opened by it.
CLOSED_BY = f"""
SELECT what = 'withdrawn' AND actor = $2 FROM consent
WHERE customer_id IN ({TREE}) AND '{Purpose.MARKETING}' = ANY (purposes)
ORDER BY at DESC, id DESC LIMIT 1
"""  # noqa: S608 - constants
WHOSE = """
SELECT customer_id FROM customer_identity JOIN unnest($2::text[], $3::text[]) AS k(kind, value) USING (kind, value)
WHERE desk = $1 ORDER BY kind, value LIMIT 1
"""
# An identity on the black list always has a customer, so that a delivery that names it finds them.
STRANGER = """
WITH entry AS (
    SELECT desk, kind, value, uuidv7() AS customer_id FROM black_list
    WHERE (desk, kind, value) = ($1, $2, $3) AND lifted_at IS NULL
), attached AS (
    INSERT INTO customer_identity (desk, kind, value, customer_id) SELECT * FROM entry
)
INSERT INTO customer (id, desk, created_at) SELECT customer_id, desk, $4 FROM entry RETURNING id
"""
IS_BARRED = "SELECT barred FROM customer WHERE id = $1"
LIST = """
INSERT INTO black_list (id, desk, kind, value, reason, actor, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (desk, kind, value) WHERE lifted_at IS NULL DO NOTHING RETURNING id
"""
ENTRY = "SELECT id FROM black_list WHERE (desk, kind, value) = ($1, $2, $3) AND lifted_at IS NULL"
OF_ENTRY = "SELECT desk, kind, value, lifted_at FROM black_list WHERE id = $1"
LIFT = """
UPDATE black_list SET lifted_at = $2, lifted_by = $3, lifted_reason = $4
WHERE id = $1 AND lifted_at IS NULL RETURNING id
"""


@dataclass(frozen=True, slots=True)
class NewStep:
    """A consent or a withdrawal as it is recorded; `kind` and what follows are of a ground."""

    id: UUID
    what: ConsentStep
    purposes: Sequence[Purpose]
    at: datetime
    reason: str
    kind: ConsentKind | None = None
    document: str | None = None
    document_version: str | None = None
    source: str | None = None
    delivery_id: UUID | None = None
    message_id: UUID | None = None


class Settled(NamedTuple):
    """For what a customer is not contacted by now, and of which ids of theirs that is new, with their desk."""

    barred: tuple[str, ...]
    fresh: Sequence[tuple[UUID, str]]


async def lock_whole(tx: Transaction, customer_id: UUID) -> UUID:
    """Lock all that are one customer, and return who that is by now."""
    while True:
        root: UUID = await tx.conn.fetchval(ROOT, customer_id) or customer_id
        rows = {row["id"]: row["merged_into"] for row in await tx.conn.fetch(LOCK, root)}
        if rows.get(root) is None:
            return root


async def add(
    tx: Transaction, desk: str, customer_id: UUID, new: NewStep, actor: str, cause_id: UUID, now: datetime
) -> None:
    """Write a line of a customer's history."""
    await tx.conn.execute(
        ADD, new.id, desk, customer_id, new.what, list(new.purposes), new.at, now, new.kind, new.document,
        new.document_version, new.source, new.delivery_id, new.message_id, actor, new.reason, cause_id,
    )  # fmt: skip


async def settle(tx: Transaction, customer_id: UUID) -> Settled:
    """Write for what a locked customer is not contacted, under each id of theirs."""
    rows = await tx.conn.fetch(STEPS, customer_id)
    steps = [
        Step(row["id"], ConsentStep(row["what"]), frozenset(map(Purpose, row["purposes"])), row["at"])
        for row in rows
    ]
    barred = barred_of(steps, listed=await tx.conn.fetchval(IS_LISTED, customer_id))
    fresh = await tx.conn.fetch(BAR, customer_id, list(barred))
    return Settled(barred, sorted((row["id"], row["desk"]) for row in fresh))


async def mark(tx: Transaction, leads: Sequence[UUID], barred: Sequence[str]) -> None:
    """Give locked leads the signal that their customer is not called, or take it away."""
    await tx.conn.execute(MARK, leads, stops_calls(barred))


async def is_called(tx: Transaction, customer_id: UUID) -> bool:
    """Return whether a customer may be called."""
    return not stops_calls(await tx.conn.fetchval(IS_BARRED, customer_id) or ())


async def whose(tx: Transaction, desk: str, known: Sequence[Known]) -> UUID | None:
    """Return the customer of one of these identities, as it was attached."""
    found: UUID | None = await tx.conn.fetchval(WHOSE, desk, *columns(known))
    return found


async def closed_by(tx: Transaction, customer_id: UUID, actor: str) -> bool:
    """Return whether the last word of a locked customer on advertisements is this actor's withdrawal."""
    return await tx.conn.fetchval(CLOSED_BY, customer_id, actor) is True


async def enter(
    tx: Transaction, entry_id: UUID, desk: str, known: Known, reason: str, actor: str, now: datetime
) -> UUID | None:
    """Put an identity on the black list; return the entry that it has already, if it has one."""
    place = desk, known[0].value, known[1]
    if await tx.conn.fetchval(LIST, entry_id, *place, reason, actor, now) is not None:
        return None
    existing: UUID | None = await tx.conn.fetchval(ENTRY, *place)
    return existing


async def stranger(tx: Transaction, desk: str, known: Known, now: datetime) -> UUID | None:
    """Give an identity that was detached to a stranger, if it is on the black list; return who that is."""
    made: UUID | None = await tx.conn.fetchval(STRANGER, desk, known[0].value, known[1], now)
    return made


async def lift(tx: Transaction, entry_id: UUID, now: datetime, actor: str, reason: str) -> bool:
    """Take an entry from the black list; False when it was taken already."""
    return await tx.conn.fetchval(LIFT, entry_id, now, actor, reason) is not None
