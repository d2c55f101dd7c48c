"""Absences of a desk's document ↔ stored ones; what has ended is not compared."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from services.assignment.absences.rules import span
from services.assignment.absences.schemas import AbsencePart, Absences


class Plain(NamedTuple):
    """What two absences of one operator differ by, whichever way they are written."""

    starts_at: datetime
    ends_at: datetime
    reason: str
    deputy: str | None


def part_of(rows: Sequence[asyncpg.Record], zone: str) -> Absences:
    """Return stored absences as a document has them: whole days where they are some."""
    by_operator = groupby(rows, key=itemgetter("subject"))
    return {subject: tuple(_part(row, ZoneInfo(zone)) for row in of_one) for subject, of_one in by_operator}


def stored(rows: Sequence[asyncpg.Record]) -> Mapping[str, Mapping[Plain, UUID]]:
    """Return the ids of stored absences by operator and what they are."""
    found: dict[str, dict[Plain, UUID]] = {}
    for row in rows:
        hours = row["starts_at"].astimezone(UTC), row["ends_at"].astimezone(UTC)
        found.setdefault(row["subject"], {})[Plain(*hours, row["reason"], row["deputy"])] = row["id"]
    return found


def ahead(wanted: Absences, zone: str, now: datetime) -> Mapping[str, Mapping[Plain, int]]:
    """Return the absences of a document that have not ended, by operator, each with its place there."""
    found: dict[str, dict[Plain, int]] = {}
    for subject, parts in wanted.items():
        for number, part in enumerate(parts):
            starts, ends = (each.astimezone(UTC) for each in span(part.asked(UUID(int=0), None), zone))
            if ends > now or ends <= starts:  # one that ends before it starts is refused, and not over
                found.setdefault(subject, {})[Plain(starts, ends, part.reason, part.deputy)] = number
    return found


def _part(row: asyncpg.Record, zone: ZoneInfo) -> AbsencePart:
    starts, ends = (row[name].astimezone(zone) for name in ("starts_at", "ends_at"))
    what = {"reason": row["reason"], "deputy": row["deputy"]}
    if (starts.time(), ends.time()) != (time(), time()):
        return AbsencePart.model_validate({**what, "starts_at": row["starts_at"], "ends_at": row["ends_at"]})
    last = ends.date() - timedelta(days=1)
    return AbsencePart.model_validate({**what, "first_day": starts.date(), "last_day": last})
