"""What desks mask, as a service keeps it by intake's word: each that shows persons has a table `masking`."""

from collections.abc import Collection, Sequence

from libs.common.contracts import EventData, Received
from libs.common.contracts.masking import MaskingChanged
from libs.common.platform.db import Connection, Transaction

PROJECT = """
INSERT INTO masking AS m (desk, lists, sequence)
SELECT DISTINCT ON (desk) * FROM unnest($1::text[], $2::bool[], $3::bigint[]) AS n(desk, lists, sequence)
ORDER BY desk, sequence DESC
ON CONFLICT (desk) DO UPDATE SET lists = excluded.lists, sequence = excluded.sequence
WHERE m.sequence < excluded.sequence
"""
MASKING = "SELECT desk FROM masking WHERE lists AND desk = ANY($1::text[])"


async def project_masking(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
    """Apply `masking.changed`; an older event never overwrites a newer one."""
    rows = [
        (event.desk, data.lists, event.sequence)
        for event in events
        if isinstance(data := event.data, MaskingChanged)
    ]
    if rows:
        await tx.conn.execute(PROJECT, *map(list, zip(*rows, strict=True)))


async def masking_desks(conn: Connection, desks: Collection[str]) -> frozenset[str]:
    """Return which of these desks mask numbers and addresses to operators whose lead it is not."""
    return frozenset(row["desk"] for row in await conn.fetch(MASKING, sorted(set(desks))))
