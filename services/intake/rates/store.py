"""SQL of rates; a rate that is new or another is published in the same transaction."""

from collections.abc import Sequence
from datetime import datetime

from libs.common.contracts import Cause, Outgoing
from libs.common.contracts.rates import RateChanged
from libs.common.messaging import outbox
from libs.common.platform.db import Transaction
from services.intake.rates.rules import BASE, Rate

# In one order: of two transactions one waits for the other.
WRITE = """
INSERT INTO rate AS r (desk, currency, day, base, per_unit, holds_until, actor, changed_at, official)
SELECT n.desk, n.currency, n.day, $6, n.per_unit, n.holds_until, $7, $8, n.desk = '*'
FROM unnest($1::text[], $2::text[], $3::date[], $4::numeric[], $5::date[])
    AS n(desk, currency, day, per_unit, holds_until)
ORDER BY 1, 2, 3
ON CONFLICT (desk, currency, day) DO UPDATE
SET per_unit = excluded.per_unit, holds_until = excluded.holds_until, actor = excluded.actor,
    changed_at = excluded.changed_at
WHERE (r.per_unit, r.holds_until) IS DISTINCT FROM (excluded.per_unit, excluded.holds_until)
RETURNING desk, currency, day, holds_until, per_unit
"""


async def write_rates(tx: Transaction, rates: Sequence[Rate], actor: str, now: datetime, cause: Cause) -> int:
    """Write rates, each of another currency or day, and publish those that are new or differ; return how many."""
    columns = [[getattr(each, name) for each in rates] for name in ("desk", "currency", "day", "per_unit")]
    until = [each.holds_until for each in rates]
    rows = await tx.conn.fetch(WRITE, *columns, until, BASE, actor, now)
    found = [Rate(*row) for row in rows]
    await outbox.add(tx, [Outgoing(f"rate:{one.currency}", one.desk, now, _changed(one), cause) for one in found])
    return len(found)


def _changed(rate: Rate) -> RateChanged:
    return RateChanged(
        currency=rate.currency, base=BASE, day=rate.day, holds_until=rate.holds_until, per_unit=rate.per_unit,
        official=rate.official,
    )  # fmt: skip
