"""A month of a desk on one board: who is planned, who was there, late and absent, by person and day (S4.6)."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from asyncpg import Record

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from libs.common.platform.http.problems import NotKnownYetError
from services.assignment.errors import NotFoundError
from services.assignment.schedule.schemas import BoardDay, BoardPerson, BoardView
from services.assignment.schedule.store import ZONE

PEOPLE = """
SELECT id, name FROM operator o
WHERE $1 = ANY (desks) AND ($2::text IS NULL OR subject = $2)
  AND (active OR EXISTS (SELECT FROM planned_shift p WHERE p.operator_id = o.id AND p.desk = $1
                           AND p.starts_at >= $3 AND p.starts_at < $4))
ORDER BY name, id
"""
PLANNED = """
SELECT p.operator_id, p.id, p.shift, p.starts_at, p.ends_at, p.state, p.came_at, p.announcement, l.minutes AS late,
       l.state = 'no_show' AS no_show
FROM planned_shift p LEFT JOIN lateness l ON l.planned_id = p.id
WHERE p.operator_id = ANY($1::uuid[]) AND p.desk = $2 AND p.starts_at >= $3 AND p.starts_at < $4
  AND p.state <> 'cancelled'
ORDER BY p.starts_at
"""
WORKED = """
SELECT operator_id, started_at, ended_at FROM shift
WHERE operator_id = ANY($1::uuid[]) AND started_at >= $2 AND started_at < $3 ORDER BY started_at
"""
ABSENT = """
SELECT operator_id, starts_at, ends_at, reason FROM absence
WHERE operator_id = ANY($1::uuid[]) AND state <> 'cancelled' AND starts_at < $3 AND ends_at > $2 ORDER BY starts_at
"""
#: What a day of a person has: kind → rows.
Kept = dict[tuple[UUID, date], dict[str, list[Record]]]


async def read_board(db: Database, caller: Principal, desk: str, month: date) -> BoardView:
    """Return the board of a month; operators see their own line. Raises NotFoundError, NotKnownYetError.

    A shift belongs to the day on which it begins, by the desk's clock.
    """
    if not caller.may_see(desk):
        raise NotFoundError
    async with db.begin() as tx:
        zone = await tx.conn.fetchval(ZONE, desk)
        if zone is None:
            raise NotKnownYetError([{"pointer": "/desk", "kind": "desk", "name": desk, "nearest": []}])
        place = ZoneInfo(zone)
        days = [month + timedelta(days=number) for number in range(31)]
        days = [day for day in days if day.month == month.month]
        span = _midnight(days[0], place), _midnight(days[-1] + timedelta(days=1), place)
        own = None if caller.sees_whole_desks else caller.sub
        people = await tx.conn.fetch(PEOPLE, desk, own, *span)
        ids = [row["id"] for row in people]
        kept: Kept = defaultdict(lambda: defaultdict(list))
        _keep(kept, "planned", await tx.conn.fetch(PLANNED, ids, desk, *span), "starts_at", place)
        _keep(kept, "worked", await tx.conn.fetch(WORKED, ids, *span), "started_at", place)
        _keep_absences(kept, await tx.conn.fetch(ABSENT, ids, *span), days, place)
    lines = tuple(
        BoardPerson(operator_id=row["id"], operator_name=row["name"], days=tuple(_days(kept, row["id"], days)))
        for row in people
    )
    return BoardView(desk=desk, month=f"{month:%Y-%m}", people=lines)


def _days(kept: Kept, who: UUID, days: Sequence[date]) -> Iterator[BoardDay]:
    """Yield the days on which there is something to show."""
    for day in days:
        if found := kept.get((who, day)):
            yield BoardDay.model_validate({"day": day, **_shown(found)})


def _shown(found: Mapping[str, Sequence[Record]]) -> Mapping[str, object]:
    absent = found.get("absent", ())
    return {
        "planned": [{**row, "no_show": bool(row["no_show"])} for row in found.get("planned", ())],
        "worked": [{**row} for row in found.get("worked", ())],
        "absent": absent[0]["reason"] if absent else None,
    }


def _keep(kept: Kept, kind: str, rows: Sequence[Record], at: str, zone: ZoneInfo) -> None:
    for row in rows:
        kept[row["operator_id"], row[at].astimezone(zone).date()][kind].append(row)


def _keep_absences(kept: Kept, rows: Sequence[Record], days: Sequence[date], zone: ZoneInfo) -> None:
    for day in days:
        begins, ends = _midnight(day, zone), _midnight(day + timedelta(days=1), zone)
        for row in rows:
            if row["starts_at"] < ends and row["ends_at"] > begins:
                kept[row["operator_id"], day]["absent"].append(row)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
