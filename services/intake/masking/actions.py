"""Use case: a desk says whether its lists are masked."""

from services.intake.context import Context
from services.intake.masking.schemas import Masking

WRITE = """
INSERT INTO masking (desk, lists, changed_by) VALUES ($1, $2, $3)
ON CONFLICT (desk) DO UPDATE SET lists = excluded.lists, changed_by = excluded.changed_by
"""


async def mask(ctx: Context, desk: str, wanted: Masking, subject: str) -> None:
    """Keep what a desk masks."""
    async with ctx.core.db.begin() as tx:
        await tx.conn.execute(WRITE, desk, wanted.lists, subject)
        await tx.commit()
