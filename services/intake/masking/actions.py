"""Use cases: a desk says whether numbers and addresses are masked, and all services hear of it."""

from datetime import datetime

from libs.common.contracts import Cause, Outgoing
from libs.common.contracts.masking import MaskingChanged
from libs.common.messaging import outbox
from libs.common.platform.db import Transaction
from services.intake.context import Context
from services.intake.masking.schemas import Masking

WRITE = """
INSERT INTO masking (desk, lists, changed_by) VALUES ($1, $2, $3)
ON CONFLICT (desk) DO UPDATE SET lists = excluded.lists, changed_by = excluded.changed_by
WHERE masking.lists <> excluded.lists
"""
# What the release before has written is published as well, by the worker: it leaves `published` as it was.
# $1: one desk alone, for who changes that has said nothing of another; NULL: all.
PUBLISH = """
UPDATE masking SET published = lists
WHERE desk IN (SELECT desk FROM masking WHERE published IS DISTINCT FROM lists AND ($1::text IS NULL OR desk = $1)
               ORDER BY desk FOR UPDATE SKIP LOCKED)
RETURNING desk, lists
"""


async def mask(ctx: Context, desk: str, wanted: Masking, subject: str, cause: Cause) -> None:
    """Keep what a desk masks."""
    async with ctx.core.db.begin() as tx:
        await write_masking(tx, desk, wanted, subject, ctx.core.clock.now(), cause)
        await tx.commit()


async def write_masking(
    tx: Transaction, desk: str, wanted: Masking, subject: str, now: datetime, cause: Cause
) -> None:
    """Write what a desk masks, and publish it if that is another rule than it was."""
    await tx.conn.execute(WRITE, desk, wanted.lists, subject)
    await _publish(tx, now, cause, desk)


async def publish_masking(ctx: Context) -> int:
    """Publish what other services have not heard of; return of how many desks."""
    async with ctx.core.db.begin() as tx:
        published = await _publish(tx, ctx.core.clock.now(), Cause.fresh())
        await tx.commit()
    return published


async def _publish(tx: Transaction, now: datetime, cause: Cause, desk: str | None = None) -> int:
    rows = await tx.conn.fetch(PUBLISH, desk)
    await outbox.add(
        tx,
        [
            Outgoing(f"masking:{row['desk']}", row["desk"], now, MaskingChanged(lists=row["lists"]), cause)
            for row in rows
        ],
    )
    return len(rows)
