"""Rates: the projection of intake's events, and those that hold on a day."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from libs.common.contracts import EventData, Received
from libs.common.contracts.rates import RateChanged
from libs.common.platform.db import Connection, Transaction
from services.tasks.engine.prices import Rate
from services.tasks.engine.state import Desk

PROJECT = """
INSERT INTO rate AS r (desk, currency, day, base, per_unit, holds_until, sequence)
SELECT DISTINCT ON (desk, currency, day) *
FROM unnest($1::text[], $2::text[], $3::date[], $4::text[], $5::numeric[], $6::date[], $7::bigint[])
    AS n(desk, currency, day, base, per_unit, holds_until, sequence)
ORDER BY desk, currency, day, sequence DESC
ON CONFLICT (desk, currency, day) DO UPDATE
SET base = excluded.base, per_unit = excluded.per_unit, holds_until = excluded.holds_until,
    sequence = excluded.sequence
WHERE r.sequence < excluded.sequence
"""
# Of a day the desk's own goes before the official one. None holds for longer than twelve days: what is older is not
# read, however many there are.
_IN_FORCE = """
SELECT DISTINCT ON (currency) currency, base, day, per_unit FROM rate
WHERE desk IN ({desk}, '*') AND day BETWEEN {day}::date - 12 AND {day}::date AND holds_until >= {day}
ORDER BY currency, day DESC, desk <> '*' DESC
"""
IN_FORCE = _IN_FORCE.format(desk="$1", day="$2")
# The same as one value, for a statement that reads something else: its parameters `desk` and `day` are to be named.
AS_LIST = f"SELECT jsonb_agg(jsonb_build_array(currency, base, day, per_unit::text)) AS rates FROM ({_IN_FORCE}) r"  # noqa: S608 - a statement of our own


async def project_rates(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
    """Apply `rate.changed`; an older event never overwrites a newer one."""
    rows = [
        (event.desk, data.currency, data.day, data.base, data.per_unit, data.holds_until, event.sequence)
        for event in events
        if isinstance(data := event.data, RateChanged)
    ]
    if rows:
        await tx.conn.execute(PROJECT, *map(list, zip(*rows, strict=True)))


async def rates_now(conn: Connection, desk: Desk, now: datetime) -> dict[str, Rate]:
    """Return the rates that a desk's messages may use on its day, by currency."""
    rows = await conn.fetch(IN_FORCE, desk.code, day_of(desk, now))
    return {row["currency"]: Rate(row["currency"], row["base"], row["day"], row["per_unit"]) for row in rows}


def day_of(desk: Desk, now: datetime) -> date:
    """Return the day of a desk whose rates hold."""
    return now.astimezone(ZoneInfo(desk.zone)).date()


def rates_in(found: Sequence[Sequence[str]] | None) -> dict[str, Rate]:
    """Return the rates of `AS_LIST`, by currency."""
    return {
        currency: Rate(currency, base, date.fromisoformat(day), Decimal(per_unit))
        for currency, base, day, per_unit in found or ()
    }
