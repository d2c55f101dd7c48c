"""SQL of plans of months, and what a plan is made of."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from asyncpg import Record

from libs.common.platform.db import Connection
from services.assignment.attendance.store import attendance_of
from services.assignment.plans.rules import Person, Place, Slot
from services.assignment.schedule.rules import DAYS, ShiftKind, hours
from services.assignment.schedule.store import kinds_of
from services.assignment.wishes.rules import WishKind

ROLE = "operator"
BESIDE = timedelta(days=3)  # shifts so near to the month stand in the way of its own
PEOPLE = """
SELECT id, name, subject FROM operator WHERE active AND $1 = ANY (desks) AND $2 = ANY (roles) ORDER BY id
"""
PLANNED = """
SELECT operator_id, desk, shift, starts_at, ends_at FROM planned_shift
WHERE operator_id = ANY($1::uuid[]) AND state <> 'cancelled' AND starts_at < $3 AND ends_at > $2
"""
ABSENCES = """
SELECT operator_id, starts_at, ends_at FROM absence
WHERE operator_id = ANY($1::uuid[]) AND state <> 'cancelled' AND starts_at < $3 AND ends_at > $2
"""
WISHES = """
SELECT operator_id, day, shift, wish FROM wish
WHERE desk = $1 AND day >= $2 AND day < $3 AND operator_id = ANY($4::uuid[])
"""
ADD = """
INSERT INTO month_plan (id, desk, month, state, places, version, created_at, created_by)
VALUES ($1, $2, $3, 'draft', $4, 1, $5, $6) ON CONFLICT (desk, month) WHERE state = 'draft' DO NOTHING RETURNING id
"""
DRAFT = "SELECT id FROM month_plan WHERE desk = $1 AND month = $2 AND state = 'draft'"
OWN = "SELECT * FROM month_plan WHERE id = $1 FOR UPDATE"
EDIT = "UPDATE month_plan SET places = $2, version = version + 1 WHERE id = $1"
DISCARD = "UPDATE month_plan SET state = 'discarded', version = version + 1 WHERE id = $1"
PUBLISH = """
UPDATE month_plan SET state = 'published', published_at = $2, published_by = $3, version = version + 1 WHERE id = $1
"""
# Of none of them a shift is planned elsewhere meanwhile.
LOCK = "SELECT id FROM operator WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE"


@dataclass(frozen=True, slots=True)
class Material:
    """What the plan of a month is made of; `slots` want those whom nobody's planned shift covers yet."""

    slots: tuple[Slot, ...]
    people: tuple[Person, ...]
    names: Mapping[UUID, str]
    subjects: Mapping[UUID, str]
    kinds: Mapping[str, ShiftKind]
    rest: timedelta


def days_of(month: date) -> list[date]:
    """Return the days of a month, which is given by its first day."""
    days = (month + timedelta(days=number) for number in range(31))
    return [day for day in days if day.month == month.month]


async def material(
    conn: Connection, desk: str, zone: str, month: date, without: Collection[Place] = ()
) -> Material:
    """Read what a plan of a month is made of; `without` the shifts that these places became."""
    kinds = {kind.code: kind for kind in await kinds_of(conn, desk)}
    place, days = ZoneInfo(zone), days_of(month)
    rows = await conn.fetch(PEOPLE, desk, ROLE)
    ids = [row["id"] for row in rows]
    first = datetime.combine(days[0], datetime.min.time(), place) - BESIDE
    last = datetime.combine(days[-1], datetime.min.time(), place) + timedelta(days=1) + BESIDE
    own = {(one.operator_id, hours(kinds[one.shift], one.day, place)[0]) for one in without if one.shift in kinds}
    planned = await conn.fetch(PLANNED, ids, first, last)
    planned = [row for row in planned if (row["operator_id"], row["starts_at"]) not in own]
    covered = defaultdict[tuple[str, datetime], int](int)
    for row in planned:
        if row["desk"] == desk and row["shift"] is not None:
            covered[row["shift"], row["starts_at"]] += 1
    slots = [_slot(kind, day, place) for day in days for kind in kinds.values()]
    slots = [replace(one, needed=max(0, one.needed - covered[one.shift, one.starts_at])) for one in slots]
    wishes = await conn.fetch(WISHES, desk, days[0], days[-1] + timedelta(days=1), ids)
    people = _people(ids, planned, await conn.fetch(ABSENCES, ids, first, last), wishes)
    rest = timedelta(minutes=(await attendance_of(conn, desk)).rest)
    names, subjects = ({row["id"]: row[name] for row in rows} for name in ("name", "subject"))
    return Material(tuple(slots), people, names, subjects, kinds, rest)


def _slot(kind: ShiftKind, day: date, zone: ZoneInfo) -> Slot:
    return Slot(day, kind.code, *hours(kind, day, zone), kind.needed.get(DAYS[day.weekday()], 0))


def _people(
    ids: Sequence[UUID],
    planned: Sequence[Record],
    absences: Sequence[Record],
    wishes: Sequence[Record],
) -> tuple[Person, ...]:
    wished = defaultdict[object, dict[tuple[date, str], WishKind]](dict)
    for row in wishes:
        wished[row["operator_id"]][row["day"], row["shift"]] = WishKind(row["wish"])
    busy, away = (_spans(rows) for rows in (planned, absences))
    return tuple(Person(who, tuple(busy[who]), tuple(away[who]), wished[who]) for who in ids)


def _spans(rows: Sequence[Record]) -> "defaultdict[object, list[tuple[datetime, datetime]]]":
    found = defaultdict[object, list[tuple[datetime, datetime]]](list)
    for row in rows:
        found[row["operator_id"]].append((row["starts_at"], row["ends_at"]))
    return found


def as_json(places: Sequence[Place]) -> list[dict[str, str]]:
    """Return places as they are stored."""
    return [{"day": one.day.isoformat(), "shift": one.shift, "operator_id": str(one.operator_id)} for one in places]


def places_of(stored: Sequence[Mapping[str, str]]) -> tuple[Place, ...]:
    """Return stored places."""
    return tuple(Place(date.fromisoformat(one["day"]), one["shift"], UUID(one["operator_id"])) for one in stored)
