"""Use case: the time zones of desks are followed by tasks' events."""

from collections.abc import Sequence

from libs.common.contracts import EventData, Received
from libs.common.contracts.desks import DeskChanged
from libs.common.platform.db import Transaction

PROJECT = """
INSERT INTO known_desk AS d (desk, zone, sequence)
SELECT DISTINCT ON (desk) * FROM unnest($1::text[], $2::text[], $3::bigint[]) AS t (desk, zone, sequence)
ORDER BY desk, sequence DESC
ON CONFLICT (desk) DO UPDATE SET zone = excluded.zone, sequence = excluded.sequence
WHERE d.sequence < excluded.sequence
"""


async def project_desks(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
    """Apply `desk.changed`; an older event never overwrites a newer one."""
    said = [
        (each.data.code, each.data.zone, each.sequence) for each in events if isinstance(each.data, DeskChanged)
    ]
    await tx.conn.execute(PROJECT, *(list(column) for column in zip(*said, strict=True)))
