"""Use case: the zones, hours and holidays of desks are followed by tasks' events."""

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

import orjson

from libs.common.contracts import EventData, Received
from libs.common.contracts.desks import DeskChanged, DeskHolidays
from libs.common.domain.workdays import Holidays, OwnDay
from libs.common.platform.db import Transaction
from services.intake.desks.rules import WorkDays, workday_after

PROJECT = """
INSERT INTO known_desk AS d (desk, zone, calendar, holidays, sequence)
SELECT DISTINCT ON (desk) desk, zone, calendar::jsonb, holidays::jsonb, sequence
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[])
    AS t (desk, zone, calendar, holidays, sequence)
ORDER BY desk, sequence DESC
ON CONFLICT (desk) DO UPDATE
SET zone = excluded.zone, calendar = excluded.calendar, holidays = excluded.holidays, sequence = excluded.sequence
WHERE d.sequence < excluded.sequence
"""
KNOWN = "SELECT zone, calendar, holidays FROM known_desk WHERE desk = $1"
NOWHERE = "UTC"


async def project_desks(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
    """Apply `desk.changed`; an older event never overwrites a newer one."""
    said = [(event.data, event.sequence) for event in events if isinstance(event.data, DeskChanged)]
    await tx.conn.execute(
        PROJECT,
        [data.code for data, _ in said],
        [data.zone for data, _ in said],
        [orjson.dumps([hours.model_dump() for hours in data.calendar]).decode() for data, _ in said],
        [data.holidays and data.holidays.model_dump_json() for data, _ in said],
        [sequence for _, sequence in said],
    )


async def workday_of(tx: Transaction, desk: str, now: datetime, count: int) -> date:
    """Return the day that is so many working days after today, on the desk's clock.

    A desk without hours works Monday to Friday; of one that is not known yet neither zone nor holidays are.
    """
    row = await tx.conn.fetchrow(KNOWN, desk)
    zone, work = (NOWHERE, WorkDays()) if row is None else (row["zone"], _work(row["calendar"], row["holidays"]))
    return workday_after(now.astimezone(ZoneInfo(zone)).date(), count, work)


def _work(calendar: Sequence[dict[str, object]], stored: dict[str, object] | None) -> WorkDays:
    said = DeskHolidays() if stored is None else DeskHolidays.model_validate(stored)
    days = tuple(OwnDay(each.day, each.kind) for each in said.days)
    weekdays = {int(str(hours["weekday"])) for hours in calendar}
    holidays = Holidays(said.country, said.region, days)
    return WorkDays(weekdays, holidays) if weekdays else WorkDays(holidays=holidays)
