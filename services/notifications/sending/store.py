"""SQL of when desks write to their customers."""

from collections.abc import Collection
from datetime import datetime

import asyncpg

from libs.common.platform.db import Connection, Transaction
from services.notifications.sending.rules import WEEK, Doubt, Night, Quiet, Sending

READ = "SELECT * FROM sending WHERE desk = ANY($1::text[])"
WRITE = """
INSERT INTO sending (desk, quiet_starts, quiet_ends, marketing_quiet_starts, marketing_quiet_ends, marketing_a_week,
    doubt)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (desk) DO UPDATE SET quiet_starts = excluded.quiet_starts, quiet_ends = excluded.quiet_ends,
    marketing_quiet_starts = excluded.marketing_quiet_starts, marketing_quiet_ends = excluded.marketing_quiet_ends,
    marketing_a_week = excluded.marketing_a_week, doubt = excluded.doubt
"""
# Two requests at once would not see each other: those for one address take turns.
TURNS = """
SELECT pg_advisory_xact_lock(hashtext('marketing'), number)
FROM (SELECT DISTINCT hashtext(desk || ' ' || address) AS number
      FROM unnest($1::text[], $2::text[]) AS t (desk, address) ORDER BY number) turns
"""
SENT = """
SELECT m.desk, m.address, count(*) AS sent FROM message m
JOIN unnest($1::text[], $2::text[]) AS t (desk, address) USING (desk, address)
WHERE m.marketing AND m.state <> 'failed' AND m.requested_at > $3
GROUP BY m.desk, m.address
"""


async def sending_of(conn: Connection, desks: Collection[str]) -> dict[str, Sending]:
    """Return what desks have said; none of one that has said nothing."""
    return {row["desk"]: _read(row) for row in await conn.fetch(READ, list(desks))}


async def write_sending(conn: Connection, desk: str, wanted: Sending) -> None:
    """Write what a desk says."""
    hours = (wanted.quiet, wanted.marketing_quiet)
    times = [moment for quiet in hours for moment in ((quiet.starts, quiet.ends) if quiet else (None, None))]
    await conn.execute(WRITE, desk, *times, wanted.marketing_a_week, wanted.doubt)


async def advertised(
    tx: Transaction, places: Collection[tuple[str, str]], now: datetime
) -> dict[tuple[str, str], int]:
    """Return how many advertisements went to addresses of desks in the last week; others wait for the commit."""
    if not places:
        return {}
    columns = [desk for desk, _ in places], [address for _, address in places]
    await tx.conn.execute(TURNS, *columns)
    rows = await tx.conn.fetch(SENT, *columns, now - WEEK)
    return {(row["desk"], row["address"]): row["sent"] for row in rows}


def night_of(row: asyncpg.Record) -> Night | None:
    """Return the quiet hours that are stored with a message."""
    return Night.of(row["night"]) if row["night"] is not None else None


def _read(row: asyncpg.Record) -> Sending:
    quiet, marketing = (
        Quiet(row[f"{name}_starts"], row[f"{name}_ends"]) if row[f"{name}_starts"] is not None else None
        for name in ("quiet", "marketing_quiet")
    )
    return Sending(quiet, marketing, row["marketing_a_week"], Doubt(row["doubt"] or Doubt.DESK))
