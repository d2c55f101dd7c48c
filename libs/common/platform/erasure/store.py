"""Rows of erasures and of the ids that are erased."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from libs.common.contracts import Cause, Received
from libs.common.contracts.erasures import CustomerErased, Forgotten
from libs.common.platform.db import Connection

ADD = """
INSERT INTO erasure (id, desk, customer_id, person, state, counts, noted_at, correlation_id, causation_id,
                     traceparent)
VALUES ($1, $2, $3, $4, 'noted', '{}', $5, $6, $7, $8) ON CONFLICT DO NOTHING
"""
ADD_IDS = """
INSERT INTO erased (id, kind, desk, erasure_id)
SELECT id, $2, $3, $4 FROM unnest($1::uuid[]) AS id ORDER BY id ON CONFLICT DO NOTHING
"""
ERASED = "SELECT id FROM erased WHERE id = ANY($1::uuid[])"
UNDER_WAY = "SELECT id FROM erasure WHERE state <> 'done' ORDER BY id"
RECENT = "SELECT id, kind FROM erased WHERE erasure_id IN (SELECT id FROM erasure WHERE done_at > $1)"
# Two workers never do the same one at a time.
LOCK = "SELECT * FROM erasure WHERE id = $1 AND state <> 'done' FOR UPDATE SKIP LOCKED"
IDS = "SELECT id FROM erased WHERE erasure_id = $1 AND kind = $2"
# Who has a number of their own by now may have looked before the ids were there; who gets one later sees them.
FENCE = "UPDATE erasure SET state = 'fenced', fence = pg_current_xact_id()::text::bigint WHERE id = $1"
PASSED = """
UPDATE erasure SET state = 'running'
WHERE id = $1 AND (fence <= pg_snapshot_xmin(pg_current_snapshot())::text::bigint
                   OR fence > pg_snapshot_xmax(pg_current_snapshot())::text::bigint)
"""
STEP = "UPDATE erasure SET place = $2, walked = $3, counts = $4 WHERE id = $1"
DONE = "UPDATE erasure SET state = 'done', person = NULL, place = NULL, walked = NULL, done_at = $2 WHERE id = $1"
# An erasure may look through a table: it is rare, and no call waits for it.
SECONDS = 300.0
PATIENCE = f"SET LOCAL statement_timeout = '{SECONDS:.0f}s'"


@dataclass(frozen=True, slots=True)
class Erasure:
    """An erasure under way: whose data goes, and how far it has come."""

    id: UUID
    desk: str
    customer_id: UUID
    person: Forgotten
    customers: tuple[UUID, ...]
    leads: tuple[UUID, ...]
    state: str
    place: str | None
    walked: str | None
    counts: dict[str, int]
    cause: Cause


async def note(conn: Connection, event: Received[CustomerErased]) -> None:
    """Keep that a customer is erased: nothing of their ids is taken in from now on."""
    data, cause = event.data, event.follow()
    await conn.execute(
        ADD, data.erasure_id, event.desk, data.customer_id, data.person.model_dump(mode="json"), event.time, *cause
    )
    await conn.execute(ADD_IDS, list(data.customer_ids), "customer", event.desk, data.erasure_id)
    await conn.execute(ADD_IDS, list(data.lead_ids), "lead", event.desk, data.erasure_id)


async def erased_of(conn: Connection, ids: Collection[UUID]) -> set[UUID]:
    """Return those of these customers and leads that are erased."""
    return {row["id"] for row in await conn.fetch(ERASED, list(ids))} if ids else set()


async def locked(conn: Connection, erasure_id: UUID) -> Erasure | None:
    """Lock and return an erasure; None when it is done, or another worker does it."""
    row = await conn.fetchrow(LOCK, erasure_id)
    if row is None:
        return None
    customers, leads = [await _ids(conn, erasure_id, kind) for kind in ("customer", "lead")]
    return _read(row, customers, leads)


async def _ids(conn: Connection, erasure_id: UUID, kind: str) -> tuple[UUID, ...]:
    return tuple(row["id"] for row in await conn.fetch(IDS, erasure_id, kind))


async def recent(conn: Connection, since: datetime) -> dict[str, list[UUID]]:
    """Return the customers and leads that were erased since a moment."""
    rows = await conn.fetch(RECENT, since)
    return {f"{kind}s": [row["id"] for row in rows if row["kind"] == kind] for kind in ("customer", "lead")}


def _read(row: asyncpg.Record, customers: tuple[UUID, ...], leads: tuple[UUID, ...]) -> Erasure:
    return Erasure(
        id=row["id"],
        desk=row["desk"],
        customer_id=row["customer_id"],
        person=Forgotten.model_validate(row["person"]),
        customers=customers,
        leads=leads,
        state=row["state"],
        place=row["place"],
        walked=row["walked"],
        counts=row["counts"],
        cause=Cause(row["correlation_id"], row["causation_id"], row["traceparent"]),
    )


async def finish(conn: Connection, erasure_id: UUID, now: datetime) -> None:
    """Forget by what the person was found: nothing is left."""
    await conn.execute(DONE, erasure_id, now)
