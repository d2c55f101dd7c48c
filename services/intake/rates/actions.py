"""Use case: a desk sets a rate by hand."""

from datetime import date
from decimal import Decimal

from libs.common.contracts import Cause
from services.intake.context import Context
from services.intake.rates.rules import Rate, holds_until
from services.intake.rates.store import write_rates


async def set_rate(
    ctx: Context, desk: str, currency: str, day: date, per_unit: Decimal, actor: str, cause: Cause
) -> None:
    """Write a desk's rate of a day; the same again changes nothing."""
    wanted = Rate(desk, currency, day, holds_until(day), per_unit)
    async with ctx.core.db.begin() as tx:
        await write_rates(tx, [wanted], actor, ctx.core.clock.now(), cause)
        await tx.commit()
