"""SQL of how often desks call: what they have said, whom a number is, and the calls of a day."""

from typing import NamedTuple
from uuid import UUID

import asyncpg

from libs.common.platform.db import Connection, Transaction
from services.intake.calling.rules import Calling, Day
from services.intake.customers.store import TREE

READ = "SELECT calls_a_day FROM calling WHERE desk = $1"
WRITE = """
INSERT INTO calling (desk, calls_a_day) VALUES ($1, $2)
ON CONFLICT (desk) DO UPDATE SET calls_a_day = excluded.calls_a_day
"""
OF_LEAD = "SELECT customer_id, zone FROM lead WHERE id = $1"
OF_NUMBER = "SELECT customer_id FROM customer_identity WHERE desk = $1 AND kind = 'phone' AND value = $2"
# By any lead of theirs, or by any number of theirs: of arrays, so that each finds its index.
_THEIRS = f"""
(lead_id = ANY(ARRAY(SELECT id FROM lead WHERE customer_id IN ({TREE})))
 OR to_number = ANY(ARRAY(SELECT value FROM customer_identity WHERE kind = 'phone' AND customer_id IN ({TREE}))))
"""  # noqa: S608 - constants
# Calls that took place, also those of which telephony alone knows, and ours of which nothing is known yet.
COUNT = f"""
SELECT (SELECT count(*) FROM contact
        WHERE customer_id IN ({TREE}) AND kind = 'call_out' AND at >= $2 AND at < $3)
     + (SELECT count(*) FROM call
        WHERE desk = $4 AND kind = 'dial' AND contact_id IS NULL AND state <> 'refused'
          AND created_at >= $2 AND created_at < $3 AND {_THEIRS})
"""  # noqa: S608 - constants
# What a worker is calling at this moment is left out: it has left. Another desk's customer may have the number too.
STOP = f"""
UPDATE call SET state = 'refused', code = $2
WHERE id IN (SELECT id FROM call
             WHERE kind = 'dial' AND state IN ('pending', 'held') AND offered_at IS NULL
               AND desk = (SELECT desk FROM customer WHERE id = $1) AND {_THEIRS}
             FOR UPDATE SKIP LOCKED)
"""  # noqa: S608 - constants


class Called(NamedTuple):
    """Whom a call is to; `zone`: that of their lead, None of one who is called by their number."""

    customer_id: UUID
    zone: str | None


async def calling_of(conn: Connection, desk: str) -> Calling:
    """Return what a desk has said of its calls."""
    return Calling(await conn.fetchval(READ, desk))


async def write_calling(conn: Connection, desk: str, wanted: Calling) -> None:
    """Write what a desk says."""
    await conn.execute(WRITE, desk, wanted.calls_a_day)


async def called(tx: Transaction, desk: str, lead_id: UUID | None, number: str) -> Called | None:
    """Return whom a call is to; None: no customer is known by the number."""
    if lead_id is not None:
        row: asyncpg.Record | None = await tx.conn.fetchrow(OF_LEAD, lead_id)
        return None if row is None else Called(row["customer_id"], row["zone"])
    customer_id = await tx.conn.fetchval(OF_NUMBER, desk, number)
    return None if customer_id is None else Called(customer_id, None)


async def calls_in(tx: Transaction, customer_id: UUID, day: Day, desk: str) -> int:
    """Return how often a customer was called in a day, over all their leads."""
    count: int = await tx.conn.fetchval(COUNT, customer_id, day.begins, day.ends, desk)
    return count


async def stop_calls(tx: Transaction, customer_id: UUID, code: str) -> None:
    """Refuse the calls to a customer that nothing has left for."""
    await tx.conn.execute(STOP, customer_id, code)
