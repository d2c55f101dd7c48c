"""Use case: the time zones of desks are followed by tasks' events."""

from collections.abc import Sequence

from libs.common.contracts import EventData, Received
from libs.common.contracts.desks import DeskChanged
from libs.common.messaging.inbox import UseCase
from libs.common.platform.db import Transaction
from services.assignment.context import Context
from services.assignment.schedule.actions import replan

PROJECT = """
INSERT INTO known_desk AS d (desk, zone, sequence)
SELECT DISTINCT ON (desk) * FROM unnest($1::text[], $2::text[], $3::bigint[]) AS t (desk, zone, sequence)
ORDER BY desk, sequence DESC
ON CONFLICT (desk) DO UPDATE SET zone = excluded.zone, sequence = excluded.sequence
WHERE d.sequence < excluded.sequence
RETURNING desk, old.zone IS DISTINCT FROM new.zone AS moved
"""


def desk_events(ctx: Context) -> UseCase:
    """Return the use case of `desk.changed`."""

    async def project(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
        """Apply them, an older one never over a newer one; of a desk with another clock the week is planned anew.

        Its file may have brought its shifts before anything was known of its clock.
        """
        said = [
            (each.data.code, each.data.zone, each.sequence) for each in events if isinstance(each.data, DeskChanged)
        ]
        rows = await tx.conn.fetch(PROJECT, *(list(column) for column in zip(*said, strict=True)))
        for desk in sorted(row["desk"] for row in rows if row["moved"]):
            await replan(ctx, tx, desk)

    return project
